import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import {
  ORGANIZATION_ACTIONS,
  type OrganizationGoal,
  planOrganization,
  readOrganization,
} from '../../packages/cli/src/admin/tenant/organization.ts';

const refusal = (status: number) =>
  new NetworkError('no', { response: new Response('{}', { status }), responseData: {} });

const GOAL: OrganizationGoal = {
  ...{ realm: 'main', alias: 'acme', domains: [], redirectUrl: undefined },
  ...{ groups: ['/staff/dev'], username: 'anna', role: 'editor' },
};
const ORGANIZATION_MAPPERS = new Set(['oidc-organization-membership-mapper']);

/** Keycloak with the organization `acme` (`o-1`), its groups, and the user anna (`u-1`). */
function keycloakWith({
  isOn = true,
  organizations = [
    { id: 'o-0', alias: 'acme-shop', name: 'acme' },
    { id: 'o-1', alias: 'acme', name: 'Acme Inc' },
  ] as object[],
  groups = (): unknown[] => [
    { id: 'g-0', path: '/dev' },
    { id: 'g-1', path: '/staff' },
    { id: 'g-2', path: '/staff/dev' },
  ],
  roles = { 'g-1': ['viewer'], 'g-2': ['viewer', 'editor'], 'u-1': ['editor'] } as Record<string, string[]>,
  members = { 'g-1': ['u-9'], 'g-2': ['u-9', 'u-1'], 'o-1': ['u-1'] } as Record<string, string[]>,
  hasRole = true,
} = {}) {
  const calls: unknown[][] = [];
  const of = (answers: Record<string, (query: never) => unknown>) =>
    new Proxy(
      {},
      {
        get: (_, name: string) => async (query: never, more?: unknown) => {
          await new Promise(setImmediate);
          calls.push([name, query, ...(more === undefined ? [] : [more])]);
          return answers[name]?.(query);
        },
      },
    );
  const named = (names: string[] = []) => names.map((name) => ({ id: `id-${name}`, name }));
  const withIds = (ids: string[] = []) => ids.map((id) => ({ id }));
  const groupsOf = of({
    find: groups,
    listRealmRoleMappings: ({ id }: { id: string }) => named(roles[id]),
    listMembers: ({ id }: { id: string }) => withIds(members[id]),
  });
  const own = {
    find: () => new Promise((resolve) => setImmediate(resolve, organizations)),
    groups: (id: string) => (id === 'o-1' ? groupsOf : assert.fail(id)),
    listMembers: async ({ orgId }: { orgId: string }) => withIds(members[orgId]),
  };
  const writes = of({});
  const api = {
    realms: of({ findOne: () => ({ realm: 'main', organizationsEnabled: isOn }) }),
    organizations: new Proxy(own, {
      get: (all, name) => Reflect.get(all, name) ?? Reflect.get(writes, name),
    }),
    users: of({
      find: () => [{ id: 'u-1', username: 'anna' }],
      listRealmRoleMappings: ({ id }: { id: string }) => named(roles[id]),
    }),
    roles: of({
      findOneByName: ({ name }: { name: string }) => (hasRole ? { id: `id-${name}`, name } : undefined),
    }),
  };
  return { api: api as never, calls };
}

async function read(
  how: Parameters<typeof keycloakWith>[0],
  goal: Partial<OrganizationGoal> = {},
  types: ReadonlySet<string> | undefined = undefined,
) {
  const { api } = keycloakWith(how);
  const state = await readOrganization(api, { ...GOAL, ...goal }, async () => types);
  return {
    state,
    groups: state.groups && [...state.groups],
    plan: planOrganization(state, { ...GOAL, ...goal }),
  };
}

test('an organization is read with its groups, its members, and who has the role', async () => {
  const { state, groups, plan } = await read({});
  assert.equal(state.organization?.id, 'o-1');
  assert.deepEqual(groups, [
    ['/staff', { hasRole: false, hasUser: false }],
    ['/staff/dev', { hasRole: true, hasUser: true }],
  ]);
  const { hasOrganizations, hasUser, isMember, hasRole, isGranted } = state;
  assert.deepEqual([hasOrganizations, hasUser, isMember, hasRole, isGranted], Array(5).fill(true));
  assert.deepEqual(plan, { steps: [], kept: ['organization acme'], blocked: [] });
});

test('one whose alias Keycloak does not say is known by its name', async () => {
  const { state } = await read({ organizations: [{ id: 'o-1', name: 'acme' }] });
  assert.equal(state.organization?.id, 'o-1');
});

test('what is not there is seen, and is in the plan', async () => {
  const { state, groups, plan } = await read({
    groups: () => [{ id: 'g-1', path: '/staff' }],
    roles: {},
    members: {},
    hasRole: false,
  });
  assert.deepEqual(groups, [['/staff', { hasRole: false, hasUser: false }]]);
  assert.deepEqual([state.isMember, state.hasRole, state.isGranted], [false, false, false]);
  assert.deepEqual(
    plan.steps.map(({ kind, subject, action }) => `${kind} ${subject}: ${action.type}`),
    [
      'create realm role editor: create-realm-role',
      'change organization acme: add-member',
      'create group /staff/dev of acme: create-organization-group',
      'change group /staff/dev of acme: grant-organization-role',
      'change group /staff/dev of acme: join-organization-group',
    ],
  );
  // Nobody is in a group that is new.
  assert.deepEqual(
    plan.steps.map(({ opens }) => opens ?? []),
    [
      ...[[], ['anna is a member of acme: tokens of anna can name it'], [], []],
      ['anna may what /staff/dev of acme may: the role editor'],
    ],
  );
});

test('without a group, the role is given to the user, who must be there', async () => {
  const granted = await read({ roles: {} }, { groups: [] });
  assert.deepEqual(
    granted.plan.steps.map(({ subject, action }) => `${subject}: ${action.type}`),
    ['user anna: grant-roles'],
  );
  assert.match(String(granted.plan.steps[0]?.opens), /in every organization that anna is a member of/);
  const { plan } = await read({ hasRole: false }, { groups: [], username: 'ben' });
  assert.deepEqual(plan, {
    steps: [],
    kept: [],
    blocked: [
      {
        ...{ subject: 'organization acme', why: 'there is no user ben' },
        fix: 'make the user first (setup api --user ben), and run this again',
      },
    ],
  });
});

test('a Keycloak without organizations, or without groups in them, leaves that to a person', async () => {
  const none = await read({ organizations: [] }, {}, new Set(['oidc-hardcoded-claim-mapper']));
  assert.deepEqual([none.state.hasOrganizations, none.groups], [false, undefined]);
  assert.deepEqual(
    [none.plan.steps, none.plan.blocked.map(({ subject }) => subject)],
    [[], ['organization acme']],
  );
  const early = await read({ organizations: [] }, {}, ORGANIZATION_MAPPERS);
  assert.deepEqual([early.state.hasOrganizations, early.groups], [true, undefined]);
  assert.deepEqual(
    early.plan.blocked.map(({ why }) => why),
    ['this Keycloak has no groups in organizations'],
  );
  // That one says it where it is asked.
  const there = await read({
    groups: () => {
      throw refusal(404);
    },
  });
  assert.equal(there.groups, undefined);
  await assert.rejects(
    read({
      groups: () => {
        throw refusal(403);
      },
    }),
  );
});

test('a realm whose organizations are off has none, and they are turned on', async () => {
  const { state, plan } = await read(
    { isOn: false },
    { domains: ['acme.test'], redirectUrl: 'https://acme.test/' },
  );
  assert.equal(state.organization, undefined);
  const [on, made] = plan.steps;
  assert.deepEqual(on?.action, { type: 'update-realm', patch: { organizationsEnabled: true } });
  assert.deepEqual(made?.action, {
    type: 'create-organization',
    organization: {
      ...{ name: 'acme', alias: 'acme', enabled: true, redirectUrl: 'https://acme.test/' },
      domains: [{ name: 'acme.test', verified: false }],
    },
  });
  assert.deepEqual(made?.opens, ['people with an address of acme.test are led to acme at the login']);
});

test('domains that are there stay, and only what is new is a step', async () => {
  const domains = [{ name: 'acme.test', verified: true }, 'old.test'];
  const organizations = [{ id: 'o-1', alias: 'acme', domains, redirectUrl: 'https://acme.test/' }];
  const of = async (goal: Partial<OrganizationGoal>) => (await read({ organizations }, goal)).plan.steps;
  assert.deepEqual(await of({ domains: ['acme.test', 'old.test'], redirectUrl: 'https://acme.test/' }), []);
  const [step, ...others] = await of({ domains: ['acme.test', 'new.test'] });
  assert.deepEqual([step?.subject, others], ['organization acme', []]);
  assert.deepEqual(step?.action, {
    type: 'update-organization',
    organization: { ...organizations[0], domains: [...domains, { name: 'new.test', verified: false }] },
  });
});

test('a step looks up what it names when it is done', async () => {
  for (const [action, expected] of [
    [
      { type: 'add-member', alias: 'acme', username: 'anna' },
      ['addMember', { realm: 'main', orgId: 'o-1', userId: 'u-1' }],
    ],
    [
      { type: 'create-organization-group', alias: 'acme', path: '/staff' },
      ['create', { realm: 'main', name: 'staff' }],
    ],
    [
      { type: 'create-organization-group', alias: 'acme', path: '/staff/dev' },
      ['createChildGroup', { realm: 'main', id: 'g-1' }, { name: 'dev' }],
    ],
    [
      { type: 'grant-organization-role', alias: 'acme', path: '/staff/dev', role: 'editor' },
      ['addRealmRoleMappings', { realm: 'main', id: 'g-2', roles: [{ id: 'id-editor', name: 'editor' }] }],
    ],
    [
      { type: 'join-organization-group', alias: 'acme', path: '/staff/dev', username: 'anna' },
      ['addMemberToOrgGroup', { realm: 'main', groupId: 'g-2', userId: 'u-1' }],
    ],
  ] as const) {
    const { api, calls } = keycloakWith();
    await ORGANIZATION_ACTIONS[action.type]({ api, realm: 'main' }, action as never);
    assert.deepEqual(calls.at(-1), expected);
  }
});
