import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiReports } from '../../tools/docs/api-report.ts';
import { ROOT } from './source-imports.ts';

const FOLDER = join(ROOT, 'docs/api');
const reports = apiReports();

test('docs/api/ says what users can import, with its signatures: npm run docs', () => {
  assert.ok(reports.size > 15);
  assert.deepEqual(readdirSync(FOLDER).sort(), [...reports.keys()].sort());
  for (const [name, page] of reports) assert.equal(readFileSync(join(FOLDER, name), 'utf8'), page, name);
});

test('a report names what a room exports, and how it is declared', () => {
  const page = reports.get('keycloak-guard.client.md') ?? '';
  assert.match(
    page,
    /^## createClient\n\n```typescript\nfunction createClient\(options: ClientOptions\): KeycloakClient;\n```$/m,
  );
  assert.match(page, /^## Tokens\n\n```typescript\ninterface Tokens \{\n\treadonly accessToken: string;$/m);
  assert.doesNotMatch(page, /createContext|\/\*\*/);
});

test('a report leads to all that its names are made of: every option of an adapter is found from its page', () => {
  for (const name of ['express', 'fastify', 'fetch', 'hapi', 'hono', 'koa', 'nest', 'node']) {
    const page = reports.get(`keycloak-guard.${name}.md`) ?? '';
    assert.match(page, /^### AdapterOptions\n\n```typescript\n[^`]*\treadonly onDenied\?/m, name);
    assert.match(page, /^### TenantsOptions\n\n```typescript\n[^`]*\treadonly tenants: /m, name);
    assert.match(page, /^- `VerifierOptions`: \[keycloak-guard\]\(keycloak-guard\.md\)$/m, name);
  }
  assert.match(
    reports.get('keycloak-guard.md') ?? '',
    /interface VerifierOptions[^`]*\treadonly observers\?/,
  );
});
