import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiReports } from '../../tools/docs/api-report.ts';
import { ROOT } from './source-imports.ts';

const FOLDER = join(ROOT, 'docs/api');

test('docs/api/ says what users can import, with its signatures: npm run docs', () => {
  const reports = apiReports();
  assert.ok(reports.size > 15);
  assert.deepEqual(readdirSync(FOLDER).sort(), [...reports.keys()].sort());
  for (const [name, page] of reports) assert.equal(readFileSync(join(FOLDER, name), 'utf8'), page, name);
});

test('a report names what a room exports, and how it is declared', () => {
  const page = apiReports().get('keycloak-guard.client.md') ?? '';
  assert.match(
    page,
    /^## createClient\n\n```typescript\nfunction createClient\(options: ClientOptions\): KeycloakClient;\n```$/m,
  );
  assert.match(page, /^## Tokens\n\n```typescript\ninterface Tokens \{\n\treadonly accessToken: string;$/m);
  assert.doesNotMatch(page, /createContext|\/\*\*/);
});
