import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Grants } from '../../packages/cli/src/doctor/checks/token/grants.ts';
import {
  aboutOrganization,
  hasOrganization,
  tokenNeeds,
} from '../../packages/cli/src/doctor/checks/token/needs.ts';

const ACME = { groups: ['/staff'], realm_access: { roles: ['billing'] } };
const mapper = (kind: string, config = {}) => ({
  ...{ name: kind, protocolMapper: `oidc-organization-${kind}-mapper` },
  config: { 'access.token.claim': 'true', ...config },
});
const MEMBERSHIP = mapper('membership');
const GROUPS = mapper('group-membership', { addGroupRoleMappings: 'true' });

/** A member of acme who has it all there, and a client that passes it on. */
const GRANTS = {
  ...{ roles: new Set(), groups: [], hasFullScope: true, scopedRoles: new Set() },
  organizations: [{ alias: 'acme', isEnabled: true, groups: ['/staff'], roles: ['billing'] }],
  scopes: [{ name: 'organization', isDefault: false }],
  mappers: [MEMBERSHIP, GROUPS],
} as unknown as Grants;
const [acme] = GRANTS.organizations ?? [];
const other = (more: object) => [{ ...(acme as object), ...more }] as never;
const OFF = { name: 'ours', config: { 'access.token.claim': 'false' } };
const ASKED = { azp: 'page', scope: 'openid organization' };
const NAMED = { ...ASKED, organization: { acme: {} } };

test('a token has what somebody has in an organization where it says so there, and not in the realm or another one', () => {
  const has = (want: string, organization: unknown) =>
    hasOrganization({ organization, groups: ['/staff'], realm_access: { roles: ['billing'] } }, want);
  for (const want of ['acme', 'acme:billing', 'acme:/staff'])
    assert.equal(has(want, { acme: ACME }), true, want);
  for (const [want, organization] of [
    ['acme', { globex: ACME }],
    ['acme', undefined],
    ['acme:billing', { acme: {}, globex: ACME }],
    ['acme:/staff', { acme: {}, globex: ACME }],
    ['acme:billing', ['acme']],
    ['acme:/staff/dev', { acme: ACME }],
  ] as const)
    assert.equal(has(want, organization), false, `${want}: ${JSON.stringify(organization)}`);
});

describe('what a token lacks of an organization is said with its place in Keycloak', () => {
  for (const [want, claims, grants, cause, fix] of [
    ['acme', ASKED, { organizations: undefined }, /organizations are off/, /Organizations ON/],
    ['globex', ASKED, {}, /not a member of the organization globex/, /^Organizations > globex > Members/],
    ['acme', ASKED, { organizations: other({ isEnabled: false }) }, /acme is disabled/, /acme > Enabled ON/],
    ['acme', ASKED, { scopes: [] }, /'page' has no scope 'organization'/, /setup api --organizations/],
    ['acme', ASKED, { mappers: [GROUPS] }, /no mapper 'Organization Membership'/, /Add mapper/],
    ['acme', { azp: 'page', scope: 'openid' }, {}, /was not asked for/, /scope=organization:acme at login/],
    [
      ...(['acme', ASKED, { organizations: [...other({}), ...other({ alias: 'globex' })] }] as const),
      ...([/the user is in several/, /organization:\*/] as const),
    ],
    [
      ...(['acme:billing', NAMED, { organizations: other({ roles: [] }) }] as const),
      ...([
        /does not have the role billing in the organization acme; those of the realm/,
        /Groups: a group with/,
      ] as const),
    ],
    [
      ...(['acme:/staff', NAMED, { organizations: other({ groups: [] }) }] as const),
      ...([
        /does not have the group \/staff in the organization acme/,
        /Groups > \/staff > Members/,
      ] as const),
    ],
    ['acme:/staff', NAMED, { mappers: [MEMBERSHIP] }, /no mapper .* puts groups/, /--organization-groups$/],
    [
      ...(['acme:billing', NAMED, { mappers: [mapper('group-membership')] }] as const),
      ...([/no mapper .* puts roles/, /--organization-groups$/] as const),
    ],
    ['acme:billing', NAMED, {}, /is there and passed on, but not in this token/, /./],
    [
      'acme',
      ASKED,
      {},
      /^being member of acme is there and passed on, but not in this token$/,
      /^The token is older/,
    ],
    [
      ...(['acme', ASKED, { mappers: [GROUPS, { ...MEMBERSHIP, ...OFF }] }] as const),
      ...([
        /^the mapper for being member of acme does not add/,
        /> organization > Mappers > ours: Add to/,
      ] as const),
    ],
  ] as const)
    test(`${want}: ${cause.source}`, () => {
      const advice = aboutOrganization(want, claims, { ...GRANTS, ...grants } as Grants);
      assert.match(advice.cause, cause);
      assert.match(advice.fix, fix);
    });

  test('without an admin, all that it may be', () => {
    assert.match(aboutOrganization('acme', ASKED, undefined).cause, /not a member, it is disabled, or/);
    assert.match(
      aboutOrganization('acme:billing', NAMED, undefined).cause,
      /does not have it there, or no mapper/,
    );
  });
});

const toToken = (claims: object): string =>
  [{ alg: 'RS256' }, claims, '']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');

/** @param api as an admin sees it; `undefined` without one */
const explain = (claims: object, want: string, api?: object) =>
  tokenNeeds.run({
    ...{ token: toToken(claims), options: { wants: [want] } },
    reach: { admin: api ? { connection: async () => ({ api }) } : null, caller: { realm: 'shop' } },
  } as never);

for (const [want, roles, cause, fix] of [
  [
    'clerk',
    { resource_access: { orders: { roles: ['clerk'] } } },
    /has the role orders:clerk, and clerk is wanted/,
    /^Guard by orders:clerk; or Users/,
  ],
  [
    'orders:clerk',
    { realm_access: { roles: ['clerk'] } },
    /has the role clerk, and orders:clerk is wanted/,
    /^Guard by clerk; or Users/,
  ],
  [
    'orders:clerk',
    { resource_access: { stock: { roles: ['clerk'] } } },
    /has the role stock:clerk, and/,
    /^Guard by stock:clerk/,
  ],
  ['clerk', { realm_access: { roles: ['user'] } }, /the role clerk is not in the token/, /^Users > the user/],
] as const)
  test(`a role of the same name elsewhere is named: ${want}, where there is ${JSON.stringify(roles)}`, async () => {
    const finding = await explain(
      { azp: 'page', sub: 'u-1', preferred_username: 'ann', ...roles },
      `role=${want}`,
    );
    assert.match(finding.cause, cause);
    assert.match(finding.fix, fix);
  });

/** A realm as an admin sees it: its users have the role clerk. */
const REALM = {
  clients: {
    find: async ({ clientId }: { clientId: string }) => [{ id: 'c-1', clientId }],
    listScopeMappings: async () => ({}),
  },
  clientScopes: { find: async () => [] },
  users: { listGroups: async () => [], listCompositeRealmRoleMappings: async () => [{ name: 'clerk' }] },
  realms: { findOne: async () => ({}) },
};

test('a role of the same name elsewhere is no answer for a user who has the one that is wanted', async () => {
  const claims = { azp: 'page', sub: 'u-1', resource_access: { orders: { roles: ['clerk'] } } };
  const { cause } = await explain(claims, 'role=clerk', REALM);
  assert.match(cause, /^the user has the role clerk, and the client 'page' has no scope 'roles'/);
});

test('a service account gets its roles on the page of its client', async () => {
  const finding = await explain(
    { azp: 'billing', sub: 'u-2', preferred_username: 'service-account-billing' },
    'role=clerk',
  );
  assert.match(finding.fix, /^Clients > billing > Service account roles > Assign role: clerk/);
});

test('a role in an organization is looked up in that one alone, of all that the user is a member of', async () => {
  const read: string[] = [];
  const api = {
    ...REALM,
    realms: { findOne: async () => ({ organizationsEnabled: true }) },
    organizations: {
      memberOrganizations: async () => ['acme', 'globex'].map((alias) => ({ id: `o-${alias}`, alias })),
      groups: (id: string) => ({
        async listOrgGroups() {
          read.push(id);
          return [{ id: 'g-1', path: '/staff' }];
        },
        listCompositeRealmRoleMappings: async () => [{ name: 'billing' }],
      }),
    },
  };
  const claims = { azp: 'page', sub: 'u-1', preferred_username: 'anna', organization: { acme: {} } };
  const ask = (want: string) => explain({ ...claims, realm_access: { roles: ['user'] } }, want, api);
  const { status, cause } = await ask('organization=acme:billing');
  assert.equal(status, 'fail');
  assert.match(cause, /^the user has the role billing in acme, and no mapper of the client puts roles of/);
  assert.deepEqual(read, ['o-acme']);
  assert.match((await ask('organization=acme:/boss')).cause, /^the user does not have the group \/boss in/);
  read.length = 0;
  assert.match((await ask('organization=initech')).cause, /^the user is not a member of .* initech/);
  assert.deepEqual(read, []);
});

test('a role is that of the whole name, whatever colons it has', async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const judge = async (want: string, claims: object) => {
    const token = `${part({ alg: 'RS256' })}.${part({ azp: 'page', sub: 'u', ...claims })}.x`;
    const context = { reach: { admin: null, login: null }, token, options: { wants: [`role=${want}`] } };
    return (await tokenNeeds.run(context as never)).status;
  };
  const of = (client: string, role: string) => ({ resource_access: { [client]: { roles: [role] } } });
  for (const [want, claims, status] of [
    ['shop:orders:read', of('shop', 'orders:read'), 'ok'],
    ['shop:orders:read', of('shop', 'orders'), 'fail'],
    ['https://api.example/mcp:reader', of('https://api.example/mcp', 'reader'), 'ok'],
    ['https://api.example/mcp:reader', of('https', '//api.example/mcp'), 'fail'],
    ['orders:read', { realm_access: { roles: ['orders:read'] } }, 'ok'],
    ['reader', of('shop', 'reader'), 'fail'],
    ['shop:reader', { realm_access: { roles: ['reader'] } }, 'fail'],
  ] as const)
    assert.equal(await judge(want, claims), status, `${want} ${JSON.stringify(claims)}`);
});

/** A realm with one user and the client `page`. */
function realmWith({
  client = {},
  groups = [] as string[],
  roles = ['clerk'],
  shopRoles = [] as string[],
  scopes = [] as object[],
  scoped = {},
}) {
  return {
    ...REALM,
    clients: {
      find: async ({ clientId }: { clientId: string }) =>
        clientId === 'unknown'
          ? []
          : [{ id: `c-${clientId}`, clientId, ...(clientId === 'page' ? client : {}) }],
      listScopeMappings: async () => scoped,
    },
    clientScopes: { find: async () => scopes },
    users: {
      listGroups: async () => groups.map((path) => ({ path })),
      listCompositeRealmRoleMappings: async () => roles.map((name) => ({ name })),
      listCompositeClientRoleMappings: async ({ clientUniqueId }: { clientUniqueId: string }) =>
        clientUniqueId === 'c-shop' ? shopRoles.map((name) => ({ name })) : [],
    },
  };
}
const USER = { azp: 'page', sub: 'u-1', scope: 'openid', preferred_username: 'anna' };

test('a group that lacks in a token: not joined, no mapper, an Optional scope, or written otherwise', async () => {
  const of = async (
    given: Parameters<typeof realmWith>[0] | undefined,
    claims: object = {},
    want = 'group=/staff',
  ) => {
    const { cause, fix } = await explain({ ...USER, ...claims }, want, given && realmWith(given));
    return `${cause} → ${fix}`;
  };
  const mapper = { name: 'groups', protocolMapper: 'oidc-group-membership-mapper' };
  assert.match(
    await of(undefined),
    /^the group \/staff is not in the token: the user is not a member, or the client 'page' has no/,
  );
  assert.match(await of({}), /^the user is not a member of \/staff → Groups > \/staff > Members/);
  assert.match(await of({ groups: ['/board'] }), /^the user is not a member/);
  assert.match(
    await of({ groups: ['/staff'] }),
    /^the user is member of \/staff, and no mapper of the client 'page'/,
  );
  assert.match(
    await of({ groups: ['/all/staff'] }, {}, 'group=staff'),
    /^the user is member of staff, and no mapper/,
  );
  const own = { protocolMappers: [mapper] };
  assert.match(
    await of({ groups: ['/staff'], client: own }),
    /^being member of \/staff is there and passed on, but not in this token/,
  );
  const off = { protocolMappers: [{ ...mapper, config: { 'access.token.claim': 'false' } }] };
  assert.match(
    await of({ groups: ['/staff'], client: off }),
    /^the mapper for being member of \/staff does not add/,
  );
  const scopes = [{ name: 'groups', ...own }, { name: 'email' }];
  const optional = { optionalClientScopes: ['groups', 'email'] };
  assert.match(
    await of({ groups: ['/staff'], client: optional, scopes }),
    /in the scope 'groups', which is Optional and was not asked for/,
  );
  assert.match(
    await of({ groups: ['/staff'], client: optional, scopes }, { scope: 'openid groups' }),
    /is there and passed on/,
  );
  assert.match(
    await of({ groups: ['/staff'], client: { defaultClientScopes: ['groups'] }, scopes }),
    /is there and passed on/,
  );
  assert.match(await of({ groups: ['/staff'], scopes }), /no mapper of the client/);
  assert.match(
    await of({}, { groups: ['staff'] }),
    /^the token has the group 'staff', and '\/staff' is wanted: the mapper's Full group path is OFF/,
  );
  assert.match(await of({}, { groups: ['/all/staff'] }), /the mapper's Full group path is ON/);
  assert.match(await of({}, { groups: ['board'] }), /^the user is not a member/);
});

test('a scope that lacks in a token: not there, Optional, not named, or newer', async () => {
  const of = async (given: Parameters<typeof realmWith>[0] | undefined) =>
    (await explain(USER, 'scope=orders:read', given && realmWith(given))).cause;
  const scopes = [{ name: 'orders:read' }];
  assert.match(await of(undefined), /it was not asked for, or the client 'page' does not have it$/);
  assert.match(
    await of({}),
    /^the scope orders:read is not in the token: the client 'page' does not have it$/,
  );
  assert.match(await of({ scopes }), /the client 'page' does not have it$/);
  assert.match(
    await of({ scopes, client: { optionalClientScopes: ['orders:read'] } }),
    /is Optional, and was not asked for$/,
  );
  assert.match(
    await of({ scopes, client: { defaultClientScopes: ['orders:read'] } }),
    /came later than the token$/,
  );
  const unnamed = [{ name: 'orders:read', attributes: { 'include.in.token.scope': 'false' } }];
  assert.match(
    await of({ scopes: unnamed, client: { defaultClientScopes: ['orders:read'] } }),
    /is not named in tokens$/,
  );
});

test('a role that lacks in a token: not given, out of scope, without its mapper, or newer', async () => {
  const of = async (want: string, given: Parameters<typeof realmWith>[0]) =>
    (await explain(USER, `role=${want}`, realmWith(given))).cause;
  const mappers = (kind: string) => ({
    protocolMappers: [{ name: kind, protocolMapper: `oidc-usermodel-${kind}-role-mapper` }],
  });
  assert.match(await of('boss', {}), /^the user does not have the role boss$/);
  assert.match(
    await of('clerk', { client: mappers('client') }),
    /has no scope 'roles', nor a mapper for it$/,
  );
  assert.match(await of('clerk', { client: mappers('realm') }), /^the role clerk is there and passed on/);
  assert.match(
    await of('shop:clerk', { shopRoles: ['clerk'], client: mappers('realm') }),
    /has no scope 'roles', nor a mapper/,
  );
  assert.match(
    await of('shop:clerk', { shopRoles: ['clerk'], client: mappers('client') }),
    /^the role shop:clerk is there and passed on/,
  );
  assert.match(
    await of('shop:boss', { shopRoles: ['clerk'] }),
    /^the user does not have the role shop:boss$/,
  );
  assert.match(await of('unknown:clerk', {}), /^the user does not have the role unknown:clerk$/);
  const narrow = { ...mappers('realm'), fullScopeAllowed: false };
  assert.match(await of('clerk', { client: narrow }), /has no full scope: only roles that are assigned/);
  assert.match(
    await of('clerk', { client: narrow, scoped: { realmMappings: [{ name: 'clerk' }] } }),
    /is there and passed on/,
  );
  const scoped = { clientMappings: { shop: { client: 'shop', mappings: [{ name: 'clerk' }] } } };
  assert.match(
    await of('shop:clerk', {
      shopRoles: ['clerk'],
      client: { ...mappers('client'), fullScopeAllowed: false },
      scoped,
    }),
    /is there and passed on/,
  );
});

test('what a lightweight token needs is not looked for in it, and what cannot be looked up is said to be unknown', async () => {
  const light = await explain({ azp: 'page', scope: 'openid' }, 'role=clerk');
  assert.match(light.cause, /^the token is lightweight/);
  const gone = await explain({ ...USER, azp: 'unknown' }, 'role=clerk', realmWith({}));
  assert.match(gone.cause, /^the role clerk is not in the token: the user does not have it, or/);
  const found = await tokenNeeds.run({
    ...{ token: toToken(USER), options: { wants: ['role=a', 'role=b', 'scope=openid'] } },
    reach: { admin: null, caller: { realm: 'shop' } },
  } as never);
  assert.equal(found.seen, 'lacks role=a, role=b');
  assert.equal(found.fix.split('\n').length, 2);
});
