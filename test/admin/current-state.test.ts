import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectAdmin } from '../../packages/cli/src/admin/connection.ts';
import { readCurrent, withParents } from '../../packages/cli/src/admin/current.ts';
import type { SetupGoal } from '../../packages/cli/src/admin/goal.ts';
import { startAdminApi } from './admin-api.ts';

const GOAL: SetupGoal = {
  ...{ realm: 'shop', clientId: 'api', appUrl: 'https://app.test', enable: false },
  ...{ realmRoles: ['user', 'boss'], clientRoles: ['reader', 'writer'], groups: [] },
  backchannelLogoutUrl: { url: 'https://app.test/backchannel-logout', replace: false },
};
const ANNA = {
  ...{ username: 'anna', email: 'a@b.c', firstName: 'A', lastName: 'B' },
  resetPassword: false,
};
const audience = (name: string) => ({
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': name },
});

async function read(t: TestContext, answers: Record<string, unknown>, goal: Partial<SetupGoal> = {}) {
  const serverUrl = await startAdminApi(t, answers);
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  const { api } = await connectAdmin({ serverUrl, credentials });
  return readCurrent(api, { ...GOAL, ...goal });
}

const REALM = {
  shop: { realm: 'shop' },
  'shop/clients?clientId=api': [{ id: 'c1', clientId: 'api' }],
  'shop/client-scopes': [{ name: 'orders', protocolMappers: [audience('api')] }],
  'shop/roles/user': { name: 'user' },
  'shop/clients/c1/roles/reader': { name: 'reader' },
};

test('of a realm that is not there nothing is read', async (t) => {
  const state = await read(t, {}, { user: ANNA });
  assert.deepEqual([state.realm, state.client, state.user, state.requiredAttributes], [null, null, null, []]);
});

test('of a realm what the goal names is read: what is there of it, and nothing else', async (t) => {
  const state = await read(t, REALM);
  assert.deepEqual([state.realm, state.client], [{ realm: 'shop' }, { id: 'c1', clientId: 'api' }]);
  assert.deepEqual([state.realmRoles, state.clientRoles, state.groups], [['user'], ['reader'], []]);
  assert.deepEqual([state.scopes.length, state.callers, state.user], [1, [], null]);
  const { 'shop/clients?clientId=api': _, ...none } = REALM;
  const without = await read(t, { ...none, 'shop/clients?clientId=api': [] });
  assert.deepEqual([without.client, without.clientRoles], [null, []]);
});

test('its callers are read where scopes are to be offered: clients whose tokens are for the API', async (t) => {
  const clients = [
    { id: 'c1', clientId: 'api', protocolMappers: [audience('api')] },
    { id: 'c2', clientId: 'page', defaultClientScopes: ['orders'] },
    { id: 'c3', clientId: 'worker', protocolMappers: [audience('api')] },
    { id: 'c4', clientId: 'other', protocolMappers: [audience('other')] },
  ];
  const answers = { ...REALM, 'shop/clients?max=1000': clients, 'shop/group-by-path/staff': { id: 'g1' } };
  for (const goal of [
    { groups: ['/staff/dev'] },
    { scopes: ['orders:read'] },
    { organizations: { groups: false, ids: false } },
  ]) {
    const state = await read(t, answers, goal);
    assert.deepEqual(
      state.callers.map(({ clientId }) => clientId),
      ['page', 'worker'],
    );
    assert.deepEqual(state.groups, 'groups' in goal ? ['/staff'] : []);
  }
  assert.deepEqual((await read(t, answers, { scopes: [] })).callers, []);
});

test('of the user everything is read that the plan compares', async (t) => {
  const user = { id: 'u1', username: 'anna' };
  const answers = {
    ...REALM,
    'shop/users?username=anna&exact=true': [user],
    'shop/users/u1': { ...user, email: 'a@b.c' },
    'shop/users/u1/credentials': [{ type: 'otp' }, { type: 'password' }],
    'shop/users/u1/role-mappings/realm': [{ name: 'user' }],
    'shop/users/u1/role-mappings/clients/c1': [{ name: 'reader' }],
    'shop/users/u1/groups': [{ path: '/staff' }],
    'shop/users/profile': { attributes: [{ name: 'team', required: {} }, { name: 'free' }] },
  };
  const state = await read(t, answers, { user: ANNA });
  assert.equal(state.user?.email, 'a@b.c');
  assert.equal(state.userHasPassword, true);
  assert.deepEqual(
    [state.userRealmRoles, state.userClientRoles, state.userGroups, state.requiredAttributes],
    [['user'], ['reader'], ['/staff'], ['team']],
  );
  const less = await read(
    t,
    { ...answers, 'shop/users/u1/credentials': [{ type: 'otp' }], 'shop/users/profile': 501 },
    { user: ANNA },
  );
  assert.deepEqual([less.userHasPassword, less.requiredAttributes], [false, []]);
  const noClient = await read(t, { ...answers, 'shop/clients?clientId=api': [] }, { user: ANNA });
  assert.deepEqual(noClient.userClientRoles, []);
  assert.equal((await read(t, answers)).user, null);
});

test('a group needs those above it, each once', () => {
  assert.deepEqual(withParents(['/a/b', '/a/c', 'd/']), ['/a', '/a/b', '/a/c', '/d']);
});
