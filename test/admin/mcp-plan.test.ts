import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type DocumentState,
  type McpState,
  readMcp,
  withDocuments,
} from '../../packages/cli/src/admin/mcp/current.ts';
import {
  MCP_CLIENT,
  type McpGoal,
  SCOPE_ATTRIBUTES,
  toScopeMappers,
  toServerClient,
} from '../../packages/cli/src/admin/mcp/goal.ts';
import { planMcp } from '../../packages/cli/src/admin/mcp/plan.ts';
import { startAdminApi } from './admin-api.ts';

const GOAL: McpGoal = {
  realm: 'main',
  url: 'https://tools.example.com/mcp',
  scopes: ['mcp:tools', 'orders:write'],
  registration: true,
  programs: [],
  documents: [],
};

const OFF: DocumentState = { isOffered: false, profiles: [], policies: [] };
const OFFERED: DocumentState = { ...OFF, isOffered: true };

const EMPTY: McpState = {
  server: undefined,
  program: undefined,
  programIsFor: [],
  scopes: [],
  offered: ['profile'],
  byDefault: ['profile'],
  trustedHosts: { config: {} },
  webOrigins: undefined,
  documents: OFF,
};

const scopeOf = (name: string) => ({
  name,
  attributes: { ...SCOPE_ATTRIBUTES },
  protocolMappers: toScopeMappers(GOAL).map((mapper) => ({ ...mapper, config: { ...mapper.config } })),
});

/** A realm that needs nothing. */
const GOOD: McpState = {
  server: toServerClient(GOAL),
  program: { ...MCP_CLIENT, optionalClientScopes: [...GOAL.scopes] },
  programIsFor: [],
  scopes: GOAL.scopes.map(scopeOf),
  offered: ['profile', ...GOAL.scopes],
  byDefault: ['profile'],
  trustedHosts: { config: { 'trusted-hosts': ['127.0.0.1', 'localhost', '::1'] } },
  webOrigins: undefined,
  documents: OFF,
};

const stepsOf = (state: McpState, goal = GOAL) =>
  planMcp(state, goal).steps.map(({ kind, subject, action }) => `${kind} ${subject}: ${action.type}`);

describe('the plan of setup mcp', () => {
  test('makes all in an empty realm, in an order in which each thing finds what it needs', () => {
    assert.deepEqual(stepsOf(EMPTY), [
      'create client https://tools.example.com/mcp: create-client',
      'create client scope mcp:tools: create-scope',
      'create client scope mcp:tools: offer-scope',
      'create client scope orders:write: create-scope',
      'create client scope orders:write: offer-scope',
      'create client mcp-client: create-client',
      'change registration policy Trusted Hosts: trust-hosts',
    ]);
  });

  test('does nothing where all is there', () => {
    const plan = planMcp(GOOD, GOAL);
    assert.deepEqual([plan.steps, plan.blocked], [[], []]);
    assert.deepEqual(plan.kept, [
      'client https://tools.example.com/mcp',
      'client scope mcp:tools',
      'client scope orders:write',
      'client mcp-client',
      'registration policy Trusted Hosts',
    ]);
  });

  test('puts back what is missing, and takes nothing away', () => {
    const [tools, orders] = GOAL.scopes.map(scopeOf);
    const state: McpState = {
      webOrigins: undefined,
      documents: OFF,
      server: { ...GOOD.server, attributes: { resource_url: 'https://old.example', theme: 'own' } },
      program: { ...MCP_CLIENT, optionalClientScopes: ['mcp:tools', 'of-somebody'] },
      programIsFor: [],
      scopes: [
        { ...tools, attributes: { 'include.in.token.scope': 'false' }, protocolMappers: [] },
        { ...orders, protocolMappers: [] },
      ],
      offered: ['orders:write'],
      byDefault: [],
      trustedHosts: { config: { 'trusted-hosts': ['10.0.0.7', 'localhost'] } },
    };
    assert.deepEqual(stepsOf(state), [
      'change client https://tools.example.com/mcp: update-client',
      'change client scope mcp:tools: set-scope-attributes',
      'change client scope mcp:tools: add-scope-mapper',
      'change client scope mcp:tools: add-scope-mapper',
      'change client scope mcp:tools: offer-scope',
      'change client scope orders:write: add-scope-mapper',
      'change client scope orders:write: add-scope-mapper',
      'change client mcp-client: add-scope',
      'change registration policy Trusted Hosts: trust-hosts',
    ]);
    const { steps } = planMcp(state, GOAL);
    assert.deepEqual(steps[0]?.changes, [
      { field: 'resource_url', from: 'https://old.example', to: GOAL.url },
    ]);
    assert.deepEqual(steps.at(-1)?.action, { type: 'trust-hosts', hosts: ['127.0.0.1', '::1'] });
  });

  test('takes a mapper for what it does, whatever it is called', () => {
    const [audience, username] = toScopeMappers(GOAL);
    const renamed = [
      { ...audience, name: 'aud', config: { ...audience.config } },
      { ...username, name: 'who', config: { ...username.config } },
    ];
    const scopes = GOAL.scopes.map((name) => ({ ...scopeOf(name), protocolMappers: renamed }));
    assert.deepEqual(stepsOf({ ...GOOD, scopes }), []);
  });

  test('a scope that is for another server is left alone, and the program does not get it', () => {
    const [audience, username] = toScopeMappers(GOAL);
    const other = { ...audience, config: { 'included.client.audience': 'https://other.example/mcp' } };
    const custom = { ...audience, config: { 'included.custom.audience': 'https://other.example/mcp' } };
    for (const mapper of [other, custom]) {
      const scopes = GOAL.scopes.map((name) => ({ ...scopeOf(name), protocolMappers: [mapper, username] }));
      const state = { ...GOOD, scopes, program: { ...MCP_CLIENT }, offered: [] };
      assert.deepEqual(stepsOf(state), []);
      assert.deepEqual(
        planMcp(state, GOAL).blocked.map(({ subject, fix }) => [subject, fix]),
        GOAL.scopes.map((name) => [
          `client scope ${name}`,
          'choose another name, for example --scope mcp:tools.example.com/mcp',
        ]),
      );
    }
  });

  test('a default scope of the program is one that it has', () => {
    const program = { ...MCP_CLIENT, defaultClientScopes: [...GOAL.scopes] };
    assert.deepEqual(stepsOf({ ...GOOD, program }), []);
  });

  test('looks at registration only where it is asked for', () => {
    assert.deepEqual(stepsOf({ ...GOOD, trustedHosts: undefined }, { ...GOAL, registration: false }), []);
  });

  test('leaves to a person what it must not decide', () => {
    const server = { ...GOOD.server, publicClient: true };
    const { steps, blocked } = planMcp({ ...GOOD, server, trustedHosts: undefined }, GOAL);
    assert.deepEqual(steps, []);
    assert.deepEqual(
      blocked.map(({ subject, fix }) => [subject, fix]),
      [
        ['client https://tools.example.com/mcp', 'Clients → this client → Client authentication: on'],
        [
          'registration policy Trusted Hosts',
          'Clients → Client registration → Anonymous access policies → Create: Trusted Hosts',
        ],
      ],
    );
  });
});

describe('the plan of setup mcp, for clients that are named by a document', () => {
  const blockedOf = (documents: DocumentState, wanted: readonly string[]) =>
    planMcp({ ...GOOD, documents }, { ...GOAL, documents: wanted }).blocked.map(({ why }) => why);
  /** After all steps for these domains. */
  function after(documents: DocumentState, ...wanted: string[]): DocumentState {
    let state = documents;
    for (const { action } of planMcp({ ...GOOD, documents }, { ...GOAL, documents: wanted }).steps) {
      if (action.type === 'take-documents') state = { ...state, ...withDocuments(state, action.policy) };
    }
    return state;
  }

  test('says nothing where Keycloak offers none and none are wanted', () => {
    assert.deepEqual(blockedOf(OFF, []), []);
  });

  test('says what is to be done where the feature is off, or on without a policy', () => {
    assert.deepEqual(blockedOf(OFF, ['programs.example.org']), [
      'the feature cimd is off, so Keycloak takes none',
    ]);
    assert.match(blockedOf(OFFERED, []).join(), /no client policy does: .* "Client not found"$/);
    assert.deepEqual(blockedOf(OFFERED, ['programs.example.org']), []);
  });

  test('takes documents of the domains that are named, by https, and lets programs be on this machine', () => {
    const { profiles, policies } = after(OFFERED, 'programs.example.org', '*.example.com');
    assert.deepEqual(profiles, [
      {
        name: 'mcp-client-documents',
        executors: [
          {
            executor: 'client-id-metadata-document',
            configuration: {
              'cimd-allow-http-scheme': false,
              'cimd-allow-permitted-domains': [
                'programs.example.org',
                '*.example.com',
                '127.0.0.1',
                'localhost',
              ],
            },
          },
          { executor: 'pkce-enforcer', configuration: { 'auto-configure': true } },
        ],
      },
    ]);
    assert.deepEqual(policies, [
      {
        name: 'mcp-client-documents',
        enabled: true,
        profiles: ['mcp-client-documents'],
        conditions: [
          {
            condition: 'client-id-uri',
            configuration: {
              'client-id-uri-scheme': ['https'],
              'client-id-uri-allow-permitted-domains': ['programs.example.org', '*.example.com'],
            },
          },
          {
            condition: 'client-updater-context',
            configuration: { 'update-client-source': ['ByAnonymous'] },
          },
        ],
      },
    ]);
  });

  test('takes http from this machine alone, by a policy of its own', () => {
    const { profiles, policies } = after(OFFERED, 'programs.example.org', '127.0.0.1');
    const shown = policies.map(({ name, conditions }) => [name, conditions?.[0]?.configuration]);
    assert.deepEqual(shown, [
      [
        'mcp-client-documents',
        {
          'client-id-uri-scheme': ['https'],
          'client-id-uri-allow-permitted-domains': ['programs.example.org'],
        },
      ],
      [
        'mcp-client-documents-here',
        {
          'client-id-uri-scheme': ['http', 'https'],
          'client-id-uri-allow-permitted-domains': ['127.0.0.1'],
        },
      ],
    ]);
    const http = profiles.map(({ executors = [] }) => Object.values(executors[0]?.configuration ?? {})[0]);
    assert.deepEqual(http, [false, true]);
  });

  test('does nothing twice, adds a domain, and leaves what somebody else set', () => {
    const own = { name: 'own', executors: [{ executor: 'pkce-enforcer', configuration: {} }] };
    const first = after({ ...OFFERED, profiles: [own] }, 'programs.example.org');
    assert.deepEqual(after(first, 'programs.example.org'), first);
    assert.deepEqual(blockedOf(first, []), [], 'there is a policy');
    const strict = structuredClone(first);
    const profile = strict.profiles.find(({ name }) => name === 'mcp-client-documents');
    Object.assign(profile?.executors?.[0]?.configuration as object, {
      'cimd-required-properties': ['client_name'],
    });
    profile?.executors?.push({ executor: 'consent-required', configuration: {} });
    const { profiles, policies } = after(strict, 'more.example.net');
    assert.deepEqual(profiles[0], own);
    assert.deepEqual(
      profiles[1]?.executors?.map(({ executor }) => executor),
      ['client-id-metadata-document', 'pkce-enforcer', 'consent-required'],
    );
    assert.deepEqual(profiles[1]?.executors?.[0]?.configuration, {
      'cimd-allow-http-scheme': false,
      'cimd-allow-permitted-domains': ['programs.example.org', '127.0.0.1', 'localhost', 'more.example.net'],
      'cimd-required-properties': ['client_name'],
    });
    assert.equal(policies.length, 1);
  });

  test('adds PKCE to a policy that was made without it, and opens nothing by that', () => {
    const made = after(OFFERED, 'programs.example.org');
    const old = structuredClone(made);
    old.profiles[0]?.executors?.pop();
    old.policies[0]?.conditions?.pop();
    const { steps } = planMcp({ ...GOOD, documents: old }, { ...GOAL, documents: ['programs.example.org'] });
    assert.deepEqual(
      steps.map(({ subject, changes, opens }) => [subject, changes.map(({ field }) => field), opens]),
      [['client policy mcp-client-documents', ['PKCE'], []]],
    );
    assert.deepEqual(after(old, 'programs.example.org'), made);
  });

  test('leaves a policy off that somebody switched off, and says so', () => {
    const made = after(OFFERED, 'programs.example.org');
    const policies = made.policies.map((one) => ({ ...one, enabled: false }));
    assert.deepEqual(blockedOf({ ...made, policies }, ['programs.example.org']), ['it is switched off']);
    assert.equal(after({ ...made, policies }, 'more.example.net').policies[0]?.enabled, false);
    assert.match(blockedOf({ ...made, policies }, []).join(), /no client policy does/);
  });
});

test('who may register is read where the plan is about registration, and only the anonymous rules', async (t) => {
  const policy = (providerId: string, subType: string) => ({ id: providerId, providerId, subType });
  let reads = 0;
  const api = {
    baseUrl: await startAdminApi(t, {}),
    realms: { findOne: async () => ({ realm: 'main', enabled: false }) },
    clients: { find: async () => [] },
    clientScopes: {
      find: async () => [{ name: 'mcp:tools' }, { name: 'other' }],
      listDefaultClientScopes: async () => [{ name: 'basic' }],
      listDefaultOptionalClientScopes: async () => [{ name: 'phone' }],
    },
    components: {
      async find() {
        reads++;
        return [policy('trusted-hosts', 'authenticated'), policy('trusted-hosts', 'anonymous')];
      },
    },
  };
  const read = (registration: boolean) => readMcp(api as never, { ...GOAL, registration });
  const state = await read(true);
  assert.equal(state.trustedHosts?.subType, 'anonymous');
  assert.equal(state.webOrigins, undefined);
  assert.deepEqual(state.scopes, [{ name: 'mcp:tools' }]);
  assert.deepEqual(state.offered, ['phone', 'basic']);
  assert.equal(reads, 1);
  assert.equal((await read(false)).trustedHosts, undefined);
  assert.equal(reads, 1);
});

test('registration opens what it says: this machine, the pages of programs, and their origins, each where it is new', () => {
  const opens = (trusted: string[], programs: string[], origins: string[] | undefined = []) =>
    planMcp(
      {
        ...GOOD,
        trustedHosts: { config: { 'trusted-hosts': trusted } },
        webOrigins: origins && { config: { 'web-origins': origins } },
      },
      { ...GOAL, programs },
    ).steps.flatMap((step) => step.opens ?? []);
  const here = ['127.0.0.1', 'localhost', '::1'];
  const machine = /^programs on the machine of Keycloak can register .*\((127\.0\.0\.1, )?localhost, ::1\)$/;
  const pages = /^clients that register can name pages of claude\.ai, claude\.com, and/;
  assert.deepEqual(opens(here, []), []);
  const one = opens(['127.0.0.1'], []);
  assert.equal(one.length, 1);
  assert.match(one[0] ?? '', machine);
  const other = opens(here, ['claude']);
  assert.equal(other.length, 1);
  assert.match(other[0] ?? '', pages);
  const [first, second, ...more] = opens([], ['claude']);
  assert.match(first ?? '', machine);
  assert.match(second ?? '', pages);
  assert.deepEqual(more, []);
  const all = [...here, 'github.com'];
  assert.deepEqual(opens(all, ['inspector'], ['http://localhost:6274']), [
    'pages of http://127.0.0.1:6274 can register clients in this realm',
  ]);
  assert.deepEqual(opens(all, ['inspector'], ['http://localhost:6274', 'http://127.0.0.1:6274']), []);
  assert.deepEqual(opens(all, ['mcp-remote']), []);
});

test('programs that sign in by the client get its new scopes, and what their tokens are for is said', () => {
  const opens = (programIsFor: string[]) =>
    planMcp(
      { ...GOOD, program: { ...MCP_CLIENT, defaultClientScopes: ['mcp:tools'] }, programIsFor },
      GOAL,
    ).steps.flatMap((step) => step.opens ?? []);
  assert.deepEqual(
    opens([]).filter((one) => one.includes('(mcp:tools)')),
    [],
  );
  assert.match(
    opens([]).join(),
    /can ask people for tokens for https:\/\/tools\.example\.com\/mcp, too \(orders:write\)$/,
  );
  assert.match(opens(['a', 'b']).join(), /\(orders:write\)\. These tokens name a, b, too: who receives them/);
});
