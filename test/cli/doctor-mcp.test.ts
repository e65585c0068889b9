import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { KEYCLOAK_CHECKS } from '../../packages/cli/src/doctor/checks/mcp/keycloak.ts';
import { SERVER_CHECKS } from '../../packages/cli/src/doctor/checks/mcp/server.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import { createMcpEvidence, type McpEvidence } from '../../packages/cli/src/doctor/evidence/mcp.ts';
import { runChecks } from '../../packages/cli/src/doctor/run-checks.ts';

interface Said {
  status?: number;
  challenge?: string;
  resource?: object;
  provider?: object | null;
}

/** A server and its provider, which say what they are told to. */
async function startServer(t: TestContext, said: (url: string) => Said): Promise<McpEvidence> {
  const server = createServer((request, response) => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { status, challenge, resource, provider } = said(base);
    const json = (body: object | null | undefined) =>
      response.writeHead(body ? 200 : 404).end(JSON.stringify(body ?? {}));
    if (request.url === '/metadata') json(resource);
    else if (request.url === '/.well-known/oauth-authorization-server/realms/main') json(provider);
    else response.writeHead(status ?? 401, { 'www-authenticate': challenge ?? '' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return createMcpEvidence(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, undefined);
}

const good = (base: string): Said => ({
  challenge: `Bearer scope="mcp:tools", resource_metadata="${base}/metadata"`,
  resource: {
    resource: `${base}/mcp`,
    authorization_servers: [`${base}/realms/main`],
    scopes_supported: ['mcp:tools'],
  },
  provider: { issuer: `${base}/realms/main` },
});

async function troublesOf(mcp: McpEvidence, checks = SERVER_CHECKS): Promise<string[]> {
  const results = await runChecks(checks, { mcp, close: async () => {} } as unknown as DoctorContext);
  return results
    .filter(({ status }) => status === 'warn' || status === 'fail')
    .map(({ id, status, seen }) => `${status} ${id}: ${seen}`);
}

test('finds nothing where all is well', async (t) => {
  assert.deepEqual(await troublesOf(await startServer(t, good)), []);
});

for (const [what, change, trouble] of [
  ['is not guarded', () => ({ status: 200 }), 'fail mcp.challenge: HTTP 200 without a token'],
  [
    'does not say where its metadata is',
    () => ({ challenge: 'Bearer' }),
    'fail mcp.challenge: 401 with Bearer',
  ],
  ['has no metadata', () => ({ resource: undefined }), /^fail mcp\.metadata: http.*\/metadata is not there$/],
  [
    'has metadata of another URL',
    (base) => ({ resource: { ...good(base).resource, resource: `${base}/` } }),
    /^fail mcp\.metadata: resource is http:\/\/127\.0\.0\.1:\d+\/$/,
  ],
  [
    'asks clients for openid',
    (base) => ({ resource: { ...good(base).resource, scopes_supported: ['openid'] } }),
    'fail mcp.metadata: names the scope openid',
  ],
  [
    'names no scope',
    (base) => ({
      challenge: `Bearer resource_metadata="${base}/metadata"`,
      resource: { ...good(base).resource, scopes_supported: undefined },
    }),
    'fail mcp.scopes: names no scope',
  ],
  [
    'asks for a scope later',
    (base) => ({ resource: { ...good(base).resource, scopes_supported: ['mcp:tools', 'mcp:write'] } }),
    'warn mcp.scopes: mcp:write only when a tool needs it',
  ],
  ['has a provider that is not found', () => ({ provider: null }), /^fail mcp\.provider: no metadata of /],
  [
    'has a provider with another issuer',
    () => ({ provider: { issuer: 'https://sso' } }),
    'fail mcp.provider: issuer is https://sso',
  ],
] as [string, (base: string) => Said, string | RegExp][]) {
  test(`says so where a server ${what}`, async (t) => {
    const [first, ...more] = await troublesOf(
      await startServer(t, (base) => ({ ...good(base), ...change(base) })),
    );
    if (typeof trouble === 'string') assert.equal(first, trouble);
    else assert.match(first ?? '', trouble);
    assert.deepEqual(more, []);
  });
}

test('says so where Keycloak offers metadata documents and no policy takes them', async () => {
  const evidence = (isOffered: boolean) =>
    ({
      admin: async () => ({ state: { documents: { isOffered, profiles: [], policies: [] } } }),
    }) as unknown as McpEvidence;
  const checks = KEYCLOAK_CHECKS.filter(({ id }) => id === 'mcp.metadata-documents').map((one) => ({
    ...one,
    needs: [],
  }));
  assert.deepEqual(await troublesOf(evidence(true), checks), [
    'fail mcp.metadata-documents: offered, and no policy takes them',
  ]);
  assert.deepEqual(await troublesOf(evidence(false), checks), []);
});
