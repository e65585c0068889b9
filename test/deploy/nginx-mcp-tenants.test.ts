import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Child } from '../../lab/reliability/machines/child.ts';
import { runNginx } from '../../lab/reliability/machines/nginx.ts';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { freePort } from '../support/free-port.ts';
import { createWorld, type TenantName } from '../tenants/world.ts';

// Needs nginx: npm test -- deploy. What docs/mcp.md says of nginx before the MCP servers of tenants, with nginx.

const PAGE = readFileSync(new URL('../../docs/mcp.md', import.meta.url), 'utf8');
const [, EXAMPLE = ''] = /```nginx\n([\s\S]*?)```/.exec(PAGE) ?? [];
const urlOf = (tenant: string) => `https://tools.example.com/t/${tenant}/mcp`;

describe('nginx before the MCP servers of tenants, as in docs/mcp.md', () => {
  const world = createWorld();
  const kc = keycloak({
    ...world.common,
    tenants: {
      of: ({ path }: { path: string }) => /^\/t\/(acme|globex)\/mcp$/.exec(path)?.[1],
      get: (name: string) => ({ realm: name, clientId: urlOf(name) }),
    },
  } as never);
  const mcp = kc.mcp({ url: urlOf(':tenant') });
  const server = createServer((request, response) => {
    if (request.url === '/ready') response.end('ready');
    else
      mcp.metadata(request, response, () =>
        mcp(request, response, () =>
          response.end((request as { principal?: { tenant: string } }).principal?.tenant),
        ),
      );
  });
  let nginx: Child;
  let folder: string;
  let at: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-nginx-'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    at = `http://127.0.0.1:${await freePort()}`;
    const example = EXAMPLE.replace('http://127.0.0.1:3000', upstream);
    assert.notEqual(example, EXAMPLE);
    const listen = `listen ${new URL(at).host};`;
    const config = `server { ${listen} location = /ready { proxy_pass ${upstream}; } ${example} }`;
    nginx = await runNginx(config, `${at}/ready`, folder);
  });
  after(async () => {
    await nginx?.end('SIGTERM');
    server.close().closeAllConnections();
    await kc.close();
    rmSync(folder, { recursive: true });
  });

  it('lets the metadata of each tenant through, and its server', async () => {
    for (const tenant of ['acme', 'globex'] as const satisfies TenantName[]) {
      const { realm } = world[tenant];
      const metadata = await fetch(`${at}/.well-known/oauth-protected-resource/t/${tenant}/mcp`);
      const { resource, authorization_servers } = (await metadata.json()) as Record<string, unknown>;
      assert.deepEqual([resource, authorization_servers], [urlOf(tenant), [realm.issuer]]);
      const headers = { authorization: `Bearer ${realm.mint({ aud: urlOf(tenant) })}` };
      const answer = await fetch(`${at}/t/${tenant}/mcp`, { method: 'POST', headers });
      assert.deepEqual([answer.status, await answer.text()], [200, tenant]);
    }
  });

  it('changes nothing of the path that the guard decides on', async () => {
    const headers = { authorization: `Bearer ${world.acme.realm.mint({ aud: urlOf('acme') })}` };
    for (const path of [
      '/t/globex/mcp',
      '/t/globex%2f..%2facme/mcp',
      '/t/%61cme/mcp',
      '/t/made-up/mcp',
      '/t/acme/mcp/',
    ]) {
      const { status } = await fetch(at + path, { method: 'POST', headers });
      assert.ok([400, 401, 404].includes(status), `${path}: ${status}`);
    }
  });
});
