import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { applyAuthz } from '../../packages/cli/src/admin/authz/apply.ts';
import { type AuthzState, noAuthz } from '../../packages/cli/src/admin/authz/current.ts';
import type { AuthzModel, Item, Section } from '../../packages/cli/src/admin/authz/model.ts';
import type { AuthzStep } from '../../packages/cli/src/admin/authz/plan.ts';

const AT = { realm: 'shop', id: 'c-1' };
const SWITCHES = {
  ...{
    policyEnforcementMode: 'ENFORCING',
    decisionStrategy: 'AFFIRMATIVE',
    allowRemoteResourceManagement: true,
  },
};
type Answers = Record<string, (...args: never[]) => unknown>;

function stateWith(ids: Partial<Record<keyof AuthzState['ids'], Record<string, string>>> = {}): AuthzState {
  const { scopes = {}, resources = {}, policies = {} } = ids;
  const mapOf = (one: Record<string, string>) => new Map(Object.entries(one));
  const all = { scopes: mapOf(scopes), resources: mapOf(resources), policies: mapOf(policies) };
  return { ...noAuthz('shop', 'api'), clientUuid: 'c-1', isOn: true, ids: all };
}

function modelWith(lists: Partial<Record<Section, readonly Item[]>> = {}): AuthzModel {
  const named = (items: readonly Item[] = []) => new Map(items.map((one) => [one.name, one]));
  const { scopes, resources, policies, permissions } = lists;
  const all = { scopes: named(scopes), resources: named(resources) };
  return {
    switches: {},
    lists: { ...all, policies: named(policies), permissions: named(permissions) },
  } as AuthzModel;
}

/** What the steps send, apart from what they read; a call begins when that before it is answered. */
async function apply(
  steps: readonly Pick<AuthzStep, 'action' | 'kind'>[],
  { state = stateWith(), target = modelWith(), answers = {} as Answers } = {},
) {
  const calls: unknown[][] = [];
  let isOpen = false;
  const reads: Answers = { getResourceServer: () => ({ ...SWITCHES, id: 'c-1' }), ...answers };
  const clients = new Proxy(
    {},
    {
      get:
        (_, name: string) =>
        async (...args: never[]) => {
          assert.ok(!isOpen, `${name} before the answer to what was sent before`);
          const isRead = /^(find|get|list|export)/.test(name);
          isOpen = !isRead;
          await new Promise(setImmediate);
          isOpen = false;
          if (!isRead) calls.push([name, ...args]);
          return reads[name]?.(...args);
        },
    },
  );
  const done: string[] = [];
  const all = steps.map((one, index) => ({ subject: `thing ${index}`, changes: [], ...one }));
  for await (const { subject } of applyAuthz({ clients } as never, all as never, target, state))
    done.push(subject);
  return { calls, done, state };
}

const put = (section: Section, item: object, before?: object) =>
  ({ kind: before ? 'change' : 'create', action: { type: 'put', section, item, before } }) as never;
const remove = (section: Section, name: string) =>
  ({ kind: 'delete', action: { type: 'delete', section, name } }) as never;

const POLICY = { logic: 'POSITIVE', decisionStrategy: 'UNANIMOUS', description: '' };

test('what is new is made, and what comes after it names it by the id that it got', async () => {
  const { calls, done, state } = await apply(
    [
      put('scopes', { name: 'view' }),
      put('policies', { name: 'staff', type: 'role', roles: ['staff', { name: 'boss', required: true }] }),
      put('policies', { name: 'all', type: 'aggregate', policies: ['staff'] }),
      put('permissions', { name: 'may view', resources: [], scopes: ['view'], policies: ['all'] }),
    ],
    {
      answers: {
        createAuthorizationScope: () => ({ id: 's-1' }),
        createPolicy: (_at: object, { name }: { name: string }) => ({ id: `p-${name}` }),
        createPermission: () => ({ id: 'p-9' }),
      } as never,
    },
  );
  assert.deepEqual(calls, [
    ['createAuthorizationScope', AT, { name: 'view' }],
    [
      'createPolicy',
      { ...AT, type: 'role' },
      {
        ...{ name: 'staff', type: 'role', ...POLICY },
        roles: [
          { id: 'staff', required: false },
          { id: 'boss', required: true },
        ],
      },
    ],
    [
      'createPolicy',
      { ...AT, type: 'aggregate' },
      { name: 'all', type: 'aggregate', ...POLICY, policies: ['p-staff'] },
    ],
    [
      'createPermission',
      { ...AT, type: 'scope' },
      { name: 'may view', ...POLICY, resources: [], scopes: ['s-1'], policies: ['p-all'] },
    ],
  ]);
  assert.deepEqual(done, ['thing 0', 'thing 1', 'thing 2', 'thing 3']);
  assert.equal(state.ids.policies.get('may view'), 'p-9');
});

test('what is there is changed by its id, and has every member', async () => {
  const state = stateWith({
    ...{ scopes: { view: 's-1' }, resources: { orders: 'r-1' } },
    policies: { staff: 'p-1', 'may view': 'p-2' },
  });
  const { calls } = await apply(
    [
      put('scopes', { name: 'view', displayName: 'View' }, {}),
      put('resources', { name: 'orders', scopes: ['view'], iconUri: 'https://a.test/i.png' }, {}),
      put('resources', { name: 'orders', uris: ['/orders'] }, {}),
      put('policies', { name: 'staff', type: 'role', roles: [], logic: 'NEGATIVE' }, {}),
      put('permissions', { name: 'may view', resources: ['orders'], policies: ['staff'] }, {}),
    ],
    { state },
  );
  const whole = { attributes: {}, ownerManagedAccess: false, name: 'orders', _id: 'r-1' };
  assert.deepEqual(calls, [
    ['updateAuthorizationScope', { ...AT, scopeId: 's-1' }, { name: 'view', displayName: 'View', id: 's-1' }],
    [
      'updateResource',
      { ...AT, resourceId: 'r-1' },
      { ...whole, uris: [], scopes: [{ id: 's-1', name: 'view' }], icon_uri: 'https://a.test/i.png' },
    ],
    ['updateResource', { ...AT, resourceId: 'r-1' }, { ...whole, uris: ['/orders'], scopes: [] }],
    [
      'updatePolicy',
      { ...AT, type: 'role', policyId: 'p-1' },
      { ...POLICY, name: 'staff', type: 'role', roles: [], logic: 'NEGATIVE', id: 'p-1' },
    ],
    [
      'updatePermission',
      { ...AT, type: 'resource', permissionId: 'p-2' },
      { ...POLICY, name: 'may view', resources: ['r-1'], scopes: [], policies: ['p-1'], id: 'p-2' },
    ],
  ]);
});

test('what goes is deleted by its id, once, and the switches that a file names are set among the others', async () => {
  const state = stateWith({
    ...{ scopes: { view: 's-1' }, resources: { orders: 'r-1' } },
    policies: { staff: 'p-1', 'may view': 'p-2' },
  });
  const switches = { decisionStrategy: 'UNANIMOUS' };
  const { calls } = await apply(
    [
      remove('permissions', 'may view'),
      ...[remove('policies', 'staff'), remove('resources', 'orders'), remove('scopes', 'view')],
      { kind: 'change', action: { type: 'set-switches', switches } } as never,
    ],
    { state },
  );
  assert.deepEqual(calls, [
    ['delPolicy', { ...AT, policyId: 'p-2' }],
    ['delPolicy', { ...AT, policyId: 'p-1' }],
    ['delResource', { ...AT, resourceId: 'r-1' }],
    ['delAuthorizationScope', { ...AT, scopeId: 's-1' }],
    ['updateResourceServer', AT, { ...SWITCHES, ...switches }],
  ]);
  assert.deepEqual([state.ids.scopes.size, state.ids.resources.size, state.ids.policies.size], [0, 0, 0]);
  await assert.rejects(apply([remove('scopes', 'view')], { state }), { message: /'view' is gone/ });
});

test('new resources come in batches of 25, with the switches as they are; their ids are ours', async () => {
  const items = Array.from({ length: 27 }, (_, index) => ({ name: `r${index}`, scopes: ['view'] }));
  const state = stateWith({ scopes: { view: 's-1' } });
  const steps = items.map((item) => put('resources', item));
  const { calls, done } = await apply(
    [...steps, put('scopes', { name: 'edit' }), put('resources', { name: 'last' })],
    {
      ...{ state, answers: { createAuthorizationScope: () => ({ id: 's-2' }) } },
    },
  );
  const imports = calls.filter(([name]) => name === 'importResource') as [
    string,
    object,
    Item & { resources: Item[] },
  ][];
  assert.deepEqual(
    imports.map(([, , { resources }]) => resources.length),
    [25, 2, 1],
  );
  assert.deepEqual(
    calls.map(([name]) => name),
    ['importResource', 'importResource', 'createAuthorizationScope', 'importResource'],
  );
  assert.equal(done.length, 29);
  for (const [, at, { resources, ...switches }] of imports) {
    assert.deepEqual([at, switches], [AT, SWITCHES]);
    for (const { name, _id } of resources) assert.equal(state.ids.resources.get(name), _id);
  }
  assert.deepEqual(imports[0]?.[2].resources[0]?.scopes, [{ id: 's-1', name: 'view' }]);
});

test('a failure names the first of its batch and how many more, and the version where that may be why', async () => {
  const failing = (status: number) => () => {
    throw new NetworkError('no', { response: new Response('{}', { status }), responseData: {} });
  };
  const two = ['a', 'b', 'c'].map((name) => put('resources', { name }));
  const importResource = failing(403);
  await assert.rejects(apply(two, { answers: { importResource } }), {
    message: /create the thing 0 and 2 more/,
  });
  await assert.rejects(apply(two.slice(0, 1), { answers: { importResource } }), (error: Error) => {
    assert.doesNotMatch(error.message, /more/);
    return true;
  });
  const newer = [put('policies', { name: 'p', type: 'role', roles: [], fetchRoles: true })];
  for (const [status, blamed] of [
    [500, true],
    [403, false],
  ] as const)
    await assert.rejects(apply(newer, { answers: { createPolicy: failing(status) } }), (error: Error) => {
      assert.equal(/Keycloak before .* does not know fetchRoles/.test(error.message), blamed, error.message);
      return true;
    });
});

const DEFAULT = { name: 'Default Resource', type: 'urn:api:resources:default', uris: ['/*'] };

test('what comes with the switch and lets everybody in goes at once, but for what the file names or uses', async () => {
  const answers = {
    find: () => [{ id: 'c-1', clientId: 'api', authorizationServicesEnabled: true }],
    findOne: () => ({ id: 'c-1', clientId: 'api', enabled: true }),
    exportResource: () => ({
      ...SWITCHES,
      policies: [
        { name: 'Default Policy', type: 'js', config: {} },
        {
          ...{ name: 'Default Permission', type: 'resource' },
          config: { applyPolicies: '["Default Policy"]', defaultResourceType: DEFAULT.type },
        },
      ],
    }),
    listResources: () => [{ ...DEFAULT, _id: 'r-1', owner: { id: 'c-1' } }],
    listAllScopes: () => [],
    listPolicies: () => [
      { id: 'p-1', name: 'Default Policy' },
      { id: 'p-2', name: 'Default Permission' },
    ],
  };
  const on = [{ kind: 'change', action: { type: 'switch-on' } } as never];
  const switched = [
    'update',
    AT,
    {
      id: 'c-1',
      clientId: 'api',
      enabled: true,
      serviceAccountsEnabled: true,
      authorizationServicesEnabled: true,
    },
  ];
  const [permission, policy, resource] = [
    ...[
      ['delPolicy', { ...AT, policyId: 'p-2' }],
      ['delPolicy', { ...AT, policyId: 'p-1' }],
    ],
    ['delResource', { ...AT, resourceId: 'r-1' }],
  ];
  const uses = { name: 'mine', policies: ['Default Policy'], resources: [], scopes: [] };
  for (const [target, ...gone] of [
    [modelWith(), permission, policy, resource],
    [modelWith({ resources: [DEFAULT as never] }), permission, policy],
    [modelWith({ permissions: [uses as never] }), permission, resource],
    [modelWith({ permissions: [{ ...uses, name: 'Default Permission' } as never] }), resource],
  ] as const) {
    const { calls } = await apply(on, { answers, target });
    assert.deepEqual(calls, [switched, ...gone]);
  }
  const newest = {
    ...answers,
    exportResource: () => SWITCHES,
    listResources: () => [],
    listPolicies: () => [],
  };
  assert.deepEqual((await apply(on, { answers: newest })).calls, [switched]);
});
