import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { McpState } from '../../packages/cli/src/admin/mcp/current.ts';
import {
  MCP_CLIENT,
  type McpGoal,
  SCOPE_ATTRIBUTES,
  toScopeMappers,
  toServerClient,
} from '../../packages/cli/src/admin/mcp/goal.ts';
import { planMcp } from '../../packages/cli/src/admin/mcp/plan.ts';

const GOAL: McpGoal = {
  realm: 'main',
  url: 'https://tools.example.com/mcp',
  scopes: ['mcp:tools', 'orders:write'],
  registration: true,
};

const EMPTY: McpState = {
  server: undefined,
  program: undefined,
  scopes: [],
  offered: ['profile'],
  trustedHosts: { config: {} },
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
  scopes: GOAL.scopes.map(scopeOf),
  offered: ['profile', ...GOAL.scopes],
  trustedHosts: { config: { 'trusted-hosts': ['127.0.0.1', 'localhost', '::1'] } },
};

const stepsOf = (state: McpState, goal = GOAL) =>
  planMcp(state, goal).steps.map(({ kind, subject, action }) => `${kind} ${subject}: ${action.type}`);

describe('the plan of setup --mcp', () => {
  test('makes all in an empty realm, in an order in which each thing finds what it needs', () => {
    assert.deepEqual(stepsOf(EMPTY), [
      'create client https://tools.example.com/mcp: create-server',
      'create client scope mcp:tools: create-scope',
      'create client scope mcp:tools: offer-scope',
      'create client scope orders:write: create-scope',
      'create client scope orders:write: offer-scope',
      'create client mcp-client: create-program',
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
      server: { ...GOOD.server, attributes: { resource_url: 'https://old.example', theme: 'own' } },
      program: { ...MCP_CLIENT, optionalClientScopes: ['mcp:tools', 'of-somebody'] },
      scopes: [
        { ...tools, attributes: { 'include.in.token.scope': 'false' }, protocolMappers: [] },
        { ...orders, protocolMappers: [] },
      ],
      offered: ['orders:write'],
      trustedHosts: { config: { 'trusted-hosts': ['10.0.0.7', 'localhost'] } },
    };
    assert.deepEqual(stepsOf(state), [
      'change client https://tools.example.com/mcp: set-resource-url',
      'change client scope mcp:tools: set-scope-attributes',
      'change client scope mcp:tools: add-scope-mapper',
      'change client scope mcp:tools: add-scope-mapper',
      'change client scope mcp:tools: offer-scope',
      'change client scope orders:write: add-scope-mapper',
      'change client scope orders:write: add-scope-mapper',
      'change client mcp-client: add-optional-scope',
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
    const other = { ...audience, config: { 'included.client.audience': 'https://tools.example.com' } };
    assert.deepEqual(
      stepsOf({ ...GOOD, scopes: scopes.map((one) => ({ ...one, protocolMappers: [other, username] })) }),
      GOAL.scopes.map((name) => `change client scope ${name}: add-scope-mapper`),
    );
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
