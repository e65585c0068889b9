import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { emptyRealm } from '../../packages/cli/src/admin/current.ts';
import type { SetupGoal } from '../../packages/cli/src/admin/goal.ts';
import { planOrganizationClaims } from '../../packages/cli/src/admin/plan/app-scope.ts';
import { makePlan } from '../../packages/cli/src/admin/plan/plan.ts';
import { startSetup } from './run-setup.ts';

const API: SetupGoal = {
  ...{ realm: 'shop', shape: 'api' as const, clientId: 'orders', appUrl: 'http://localhost:3000' },
  ...{ backchannelLogoutUrl: { url: 'http://localhost:3000/backchannel-logout', replace: false } },
  ...{ realmRoles: [], clientRoles: [], groups: [], enable: false },
  organizations: { groups: true, ids: false },
};

/** A Keycloak, and `setup` on its realm `shop`. */
async function start(t: TestContext) {
  const { keycloak, setUp } = await startSetup(t, { always: ['--realm', 'shop', '--no-env'] });
  const realm = () => keycloak.realms.get('shop') ?? assert.fail();
  return { keycloak, setUp, realm };
}

test('an API that reads organizations turns them on, and its clients can ask for them; those that come later, too', async (t) => {
  const { setUp, realm } = await start(t);
  await setUp('api', '--client-id', 'orders');
  const { lists, self } = realm();
  lists.clients.push({ id: 'c-1', clientId: 'page', publicClient: true, defaultClientScopes: ['basic'] });
  await setUp('audience', 'page', '--client-id', 'orders');
  const first = await setUp('api', '--client-id', 'orders', '--organization-groups');
  assert.equal(first.code, 0, first.text);
  assert.equal(self.organizationsEnabled, true);
  assert.match(first.text, /opens: the login page of every application of the realm asks for the name first/);
  assert.match(first.text, /opens: page can ask in which organizations a person is/);
  const scopesOf = (id: string) => {
    const { optionalClientScopes, defaultClientScopes } =
      lists.clients.find((one) => one.clientId === id) ?? assert.fail(id);
    return [optionalClientScopes, (defaultClientScopes as string[]).includes('organization-groups')];
  };
  for (const id of ['orders', 'page']) assert.deepEqual(scopesOf(id), [['organization'], true], id);
  assert.match(
    (await setUp('api', '--client-id', 'orders', '--organization-groups')).text,
    /Nothing to change\./,
  );
  await setUp('spa', 'other', '--app', 'http://localhost:5173', '--client-id', 'orders');
  assert.deepEqual(scopesOf('other'), [['organization'], true]);
});

test('the mapper of the scope organization is added where it is missing, and left to a person where it does something else', async (t) => {
  const { setUp, realm } = await start(t);
  await setUp('api', '--client-id', 'orders');
  const scope = realm().lists['client-scopes'].find(({ name }) => name === 'organization') ?? assert.fail();
  const [mapper] = scope.protocolMappers as { config: Record<string, string> }[];
  scope.protocolMappers = [];
  const added = await setUp('api', '--client-id', 'orders', '--organizations');
  assert.match(added.text, /change client scope organization\n +Mapper: \+ Organization Membership/);
  assert.match(JSON.stringify(scope.protocolMappers), /"claim.name":"organization","multivalued":"true"/);
  scope.protocolMappers = [{ ...mapper, config: { ...mapper?.config, 'access.token.claim': 'false' } }];
  const left = await setUp('api', '--client-id', 'orders', '--organizations');
  assert.equal(left.code, 1);
  assert.match(
    left.text,
    /! client scope organization: its mapper does not put organizations into access tokens/,
  );
  assert.equal((scope.protocolMappers as object[]).length, 1);
});

test('a Keycloak without organizations, or without groups in them, is named before anything is done', () => {
  const goal = { realm: 'shop', organizations: { groups: true, ids: false } } as never;
  const plan = (...mapperTypes: string[]) =>
    planOrganizationClaims(
      { realm: { realm: 'shop' }, scopes: [], mapperTypes: new Set(mapperTypes) } as never,
      goal,
    );
  const [none, before266] = [plan('oidc-acr-mapper'), plan('oidc-organization-membership-mapper')];
  assert.deepEqual([none.steps, none.scopes], [[], []]);
  assert.match(none.blocked[0]?.why ?? '', /no organizations/);
  assert.deepEqual(
    before266.scopes.map(({ name }) => name),
    ['organization'],
  );
  assert.match(before266.blocked[0]?.fix ?? '', /26\.6/);
  const made = makePlan({ ...emptyRealm('shop'), realm: null, mapperTypes: new Set() }, API);
  const [realm] = made.steps;
  assert.deepEqual(realm?.action, { type: 'create-realm', realm: { realm: 'shop', enabled: true } });
});

test('a new organization waits for a Keycloak that has organizations, and its groups for one that has those', async (t) => {
  const { keycloak, setUp, realm } = await start(t);
  await setUp('api', '--client-id', 'orders');
  const { lists, self } = realm();
  lists.users.push({ id: 'u-1', username: 'anna' });
  const args = ['acme', '--organization', '--group', '/staff', '--role', 'billing', '--user', 'anna'];
  keycloak.mapperTypes = ['oidc-acr-mapper'];
  const none = await setUp('tenant', ...args);
  assert.equal(none.code, 1);
  assert.match(none.text, /! organization acme: this Keycloak has no organizations\n.*Keycloak 26 has them/);
  assert.deepEqual([self.organizationsEnabled, lists.organizations, lists.roles], [undefined, [], []]);
  keycloak.mapperTypes = ['oidc-organization-membership-mapper'];
  const before266 = await setUp('tenant', ...args);
  assert.equal(before266.code, 1);
  assert.match(before266.text, /! organization acme: this Keycloak has no groups in organizations/);
  assert.deepEqual(
    lists.organizations.map(({ alias, groups, members }) => [alias, groups, members]),
    [['acme', undefined, ['u-1']]],
  );
});

test('several new organizations ask once which kinds of mapper the server has', async (t) => {
  const { keycloak, setUp } = await start(t);
  await setUp('api', '--client-id', 'orders');
  const mapperTypes = ['oidc-organization-membership-mapper', 'oidc-organization-group-membership-mapper'];
  let reads = 0;
  Object.defineProperty(keycloak, 'mapperTypes', {
    get() {
      reads += 1;
      return mapperTypes;
    },
  });
  const readsFor = async (...names: readonly string[]) => {
    reads = 0;
    const { text } = await setUp('tenant', ...names, '--organization', '--dry-run');
    for (const name of names) assert.match(text, new RegExp(`\\+ create organization ${name}`));
    return reads;
  };
  const once = await readsFor('acme');
  assert.ok(once > 0);
  assert.equal(await readsFor('acme', 'globex', 'initech'), once);
});

test('a role in an organization is that of a group of it: members have it there alone', async (t) => {
  const { setUp, realm } = await start(t);
  await setUp('api', '--client-id', 'orders');
  const { lists } = realm();
  lists.users.push({ id: 'u-1', username: 'anna' });
  const args = ['acme', '--organization', '--group', 'board/inner', '--role', 'billing', '--user', 'anna'];
  const made = await setUp('tenant', ...args);
  assert.equal(made.code, 0, made.text);
  assert.match(made.text, /opens: anna may what \/board\/inner of acme may: the role billing/);
  const [acme] = lists.organizations;
  const groups = acme?.groups as { path: string; roles: { name: string }[]; members: string[] }[];
  assert.deepEqual(
    groups.map(({ path, roles, members }) => [path, roles.map(({ name }) => name), members]),
    [
      ['/board', [], []],
      ['/board/inner', ['billing'], ['u-1']],
    ],
  );
  assert.equal(lists.users[0]?.given, undefined, 'she has it nowhere else');
  assert.match((await setUp('tenant', ...args)).text, /Nothing to change/);
  const everywhere = await setUp('tenant', 'acme', '--organization', '--role', 'billing', '--user', 'anna');
  assert.match(everywhere.text, /in every organization that anna is a member of/);
  assert.deepEqual(lists.users[0]?.given, ['billing']);
  await assert.rejects(
    setUp('tenant', 'acme', '--template', 'main', '--group', '/staff'),
    /--group is for organizations/,
  );
});

test('people who accept an invitation are sent to the application of their organization', async (t) => {
  const { setUp, realm } = await start(t);
  await setUp('api', '--client-id', 'orders');
  const { lists } = realm();
  const send = (to: string) =>
    setUp('tenant', 'acme', 'globex', '--organization', '--redirect-url', `https://shop.example${to}`);
  const urls = () => lists.organizations.map(({ alias, redirectUrl }) => [alias, redirectUrl]);
  const made = await send('/orgs/{tenant}');
  assert.match(made.text, /create organization acme\n +Redirect URL: https:\/\/shop\.example\/orgs\/acme\n/);
  const both = (path = '') =>
    ['acme', 'globex'].map((one) => [one, `https://shop.example${path || `/orgs/${one}`}`]);
  assert.deepEqual(urls(), both());
  assert.match((await send('/orgs/{tenant}')).text, /Nothing to change/);
  const [acme] = lists.organizations;
  Object.assign(acme ?? assert.fail(), { domains: [{ name: 'acme.example', verified: true }] });
  assert.match((await send('/start')).text, /Redirect URL: https:\/\/shop\.example\/orgs\/acme → https:/);
  assert.deepEqual(urls(), both('/start'));
  assert.deepEqual(acme?.domains, [{ name: 'acme.example', verified: true }]);
});
