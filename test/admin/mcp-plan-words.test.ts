import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentState, McpState } from '../../packages/cli/src/admin/mcp/current.ts';
import {
  MCP_CLIENT,
  type McpGoal,
  SCOPE_ATTRIBUTES,
  toScopeMappers,
  toServerClient,
} from '../../packages/cli/src/admin/mcp/goal.ts';
import { planMcp } from '../../packages/cli/src/admin/mcp/plan.ts';

const GOAL: McpGoal = {
  ...{ realm: 'main', url: 'https://tools.example.com/mcp', scopes: ['mcp:tools'], registration: true },
  ...{ programs: [], documents: [] },
};
const OFFERED: DocumentState = { isOffered: true, profiles: [], policies: [] };
const MAPPERS = toScopeMappers(GOAL).map((mapper) => ({ ...mapper, config: { ...mapper.config } }));

/** A realm that needs nothing. */
const GOOD: McpState = {
  server: toServerClient(GOAL),
  program: { ...MCP_CLIENT, optionalClientScopes: ['mcp:tools'] },
  programIsFor: [],
  scopes: [{ name: 'mcp:tools', attributes: { ...SCOPE_ATTRIBUTES }, protocolMappers: MAPPERS }],
  offered: ['mcp:tools'],
  byDefault: ['profile'],
  trustedHosts: { config: { 'trusted-hosts': ['127.0.0.1', 'localhost', '::1'] } },
  webOrigins: undefined,
  documents: { isOffered: false, profiles: [], policies: [] },
};

const plan = (state: Partial<McpState>, goal: Partial<McpGoal> = {}) =>
  planMcp({ ...GOOD, ...state }, { ...GOAL, ...goal });
const left = (state: Partial<McpState>, goal?: Partial<McpGoal>) =>
  plan(state, goal).blocked.map(({ subject, why }) => `${subject}: ${why}`);

test('what is as it should be is named', () => {
  assert.deepEqual(plan({}).kept, [
    'client https://tools.example.com/mcp',
    'client scope mcp:tools',
    'client mcp-client',
    'registration policy Trusted Hosts',
  ]);
  const first = plan({ documents: OFFERED }, { documents: ['example.com'] });
  const made = first.steps.find(({ action }) => action.type === 'take-documents');
  assert.equal(made?.kind, 'create');
  const [opened = '', ...others] = made?.opens ?? [];
  assert.match(opened, /^programs with a document at example\.com can sign people in at this realm/);
  assert.deepEqual(others, []);
});

test('a scope with tokens for others, or that every client has, is not taken; which of the two is said', () => {
  const [mapper] = MAPPERS;
  const other = {
    ...mapper,
    config: { ...mapper?.config, 'included.client.audience': 'https://b.test/mcp' },
  };
  const [scope] = GOOD.scopes;
  const own = 'client scope mcp:tools: ';
  assert.deepEqual(left({ scopes: [{ ...scope, protocolMappers: [...MAPPERS, other] }] }), [
    `${own}its tokens are for https://b.test/mcp: with a token for both, each server could act at the other as the person`,
  ]);
  const byDefault = ['mcp:tools'];
  assert.deepEqual(left({ byDefault, scopes: [{ ...scope, protocolMappers: [] }] }), [
    `${own}every client of the realm has it, so that all tokens would be for ${GOAL.url}`,
  ]);
  assert.deepEqual(left({ byDefault, scopes: [] }), [
    `${own}every client of the realm has it, so that all tokens would be for ${GOAL.url}`,
  ]);
  // The server's own is its own, whoever has it.
  assert.deepEqual(left({ byDefault }), []);
});

test('a scope without the name of the person gets it, and no other mapper', () => {
  const [scope] = GOOD.scopes;
  const { steps } = plan({ scopes: [{ ...scope, protocolMappers: MAPPERS.slice(0, 1) }] });
  assert.deepEqual(
    steps.map(({ action, changes }) => [action.type, changes]),
    [['add-scope-mapper', [{ field: 'username', from: '', to: '+ preferred_username' }]]],
  );
});

test('why documents of clients are not taken: the feature, or a realm that is off', () => {
  const { documents } = GOOD;
  const asked = { documents: ['example.com'] };
  assert.deepEqual(left({ documents }, asked), [
    'documents of clients: the feature cimd is off, so Keycloak takes none',
  ]);
  assert.deepEqual(left({ documents: { ...documents, isRealmOff: true } as never }, asked), [
    'documents of clients: the realm is off, so Keycloak does not say whether it takes them',
  ]);
  assert.deepEqual(left({ documents }), []);
  assert.match(
    String(left({ documents: OFFERED })),
    /^documents of clients: Keycloak says that it takes them, and no/,
  );
});

test('what the programs of others are opened to is said of those alone that are new', () => {
  const opensOf = (state: Partial<McpState>, goal?: Partial<McpGoal>) =>
    plan(state, goal).steps.flatMap(({ opens = [] }) => opens);
  const also = { program: { ...MCP_CLIENT, optionalClientScopes: [] } };
  const opened = `programs that sign in as mcp-client can ask people for tokens for ${GOAL.url}, too (mcp:tools)`;
  assert.deepEqual(opensOf(also), [opened]);
  assert.deepEqual(opensOf({ ...also, programIsFor: ['https://b.test/mcp'] }), [
    `${opened}. These tokens name https://b.test/mcp, too: who receives them can use them there`,
  ]);
  const here =
    'programs on the machine of Keycloak can register clients in this realm, for all its servers (127.0.0.1, localhost, ::1)';
  assert.deepEqual(opensOf({ trustedHosts: { config: {} } }), [here]);
});
