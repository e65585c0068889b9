import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNeed } from '../../packages/cli/src/access/access.ts';
import { completeGoal, type StdinSecrets } from '../../packages/cli/src/setup/api/goal.ts';

const OPTIONS = {
  ...{ access: { realm: 'shop' }, clientId: 'api', yes: false, dryRun: false, withoutUser: false },
  ...{ user: { resetPassword: false }, realmRoles: [], clientRoles: [], groups: [], scopes: [] },
};

/** What a set-up is about, with the questions that were asked; each is answered by its suggestion. */
async function complete(options: object, { canAsk = false, stdin = {} as StdinSecrets } = {}) {
  const asked: string[] = [];
  const questions = {
    text: async (question: string, suggestion = '') => asked.push(question) && suggestion,
    secret: async (question: string) => asked.push(question) && 'typed',
  };
  const need = createNeed(canAsk ? (questions as never) : undefined);
  const all = { ...OPTIONS, ...options } as never;
  const goal = await completeGoal(all, stdin, need, canAsk, 'https://sso.example');
  need.assertAll();
  return { goal, asked };
}

test('a user is named and written to as options say, or visibly made up', async () => {
  const usual = { email: 'anna@example.com', firstName: 'Anna', lastName: 'Example' };
  for (const [user, expected] of [
    [{}, usual],
    [
      { username: 'abdullah' },
      { email: 'abdullah@example.com', firstName: 'Abdullah', lastName: 'Alqahtani' },
    ],
    [{ username: 'an na/1' }, { email: 'an.na.1@example.com', firstName: 'An-na-1', lastName: 'Example' }],
    [{ name: 'Ann Mary  Lee' }, { ...usual, firstName: 'Ann', lastName: 'Mary Lee' }],
    [{ name: ' Cher ' }, { ...usual, firstName: 'Cher' }],
    [{ email: 'a@shop.example' }, { ...usual, email: 'a@shop.example' }],
    [
      { password: 'p', resetPassword: true },
      { ...usual, password: 'p', resetPassword: true },
    ],
  ] as const) {
    const { goal, asked } = await complete({ user: { username: 'anna', resetPassword: false, ...user } });
    const { name: _, ...given } = { name: '', ...user };
    const common = { username: 'anna', password: undefined, resetPassword: false };
    assert.deepEqual(goal.user, { ...common, ...given, ...expected });
    assert.deepEqual(asked, []);
  }
});

test('a password of the standard input comes before that of the environment', async () => {
  const user = { username: 'anna', password: 'of the environment', resetPassword: false };
  const { goal } = await complete({ user }, { stdin: { 'user-password': 'of the input' } });
  assert.equal(goal.user?.password, 'of the input');
});

test('a user is made where one is named, or a person can be asked; each question says where', async () => {
  const at = '(realm shop, at https://sso.example)';
  const all = [`User to log in with ${at}`, 'Full name', `Password for abdullah ${at}`];
  for (const [options, canAsk, expected, username, password] of [
    [{}, false, [], undefined],
    [{}, true, all, 'abdullah', 'typed'],
    [{ withoutUser: true }, true, [], undefined],
    [{ withoutUser: true, user: { username: 'anna' } }, false, [], undefined],
    [{ user: { username: 'abdullah', name: 'A B' } }, true, all.slice(2), 'abdullah', 'typed'],
    [{ user: { username: 'abdullah', password: 'p' } }, true, all.slice(1, 2), 'abdullah', 'p'],
  ] as const) {
    const { goal, asked } = await complete(options, { canAsk });
    assert.deepEqual([goal.user?.username, goal.user?.password, asked], [username, password, expected]);
  }
});

test('realm and client have the names of the guide with --yes or --dry-run, and else are asked for', async () => {
  const nameless = { access: {}, clientId: undefined, withoutUser: true };
  for (const more of [{ yes: true }, { dryRun: true }]) {
    const { goal } = await complete({ ...nameless, ...more });
    assert.deepEqual([goal.realm, goal.clientId], ['testing', 'fastapi-keycloak']);
  }
  const { goal, asked } = await complete(nameless, { canAsk: true });
  assert.deepEqual([goal.realm, goal.clientId], ['testing', 'fastapi-keycloak']);
  assert.deepEqual(asked, ['Realm of your application', 'Client id of your API']);
  await assert.rejects(complete(nameless), /^.*the realm is missing:.*\nthe client is missing:/);
});

test('what guards name is made once, without what Keycloak has, and the user gets what flags name', async () => {
  const lists = { realmRoles: ['admin', 'a'], clientRoles: ['b'], groups: ['/c'] };
  const guards = { ...lists, scopes: ['openid', 'roles', 'organization', 'orders:read'] };
  const { goal } = await complete({ realmRoles: ['a'], scopes: ['own', 'email'], guards });
  assert.deepEqual(
    [goal.realmRoles, goal.clientRoles, goal.groups, goal.scopes, goal.grant?.realmRoles],
    [['a', 'admin'], ['b'], ['/c'], ['own', 'email', 'orders:read'], ['a']],
  );
});

test('a client of Keycloak itself is not changed', async () => {
  for (const clientId of ['admin-cli', 'account', 'account-console', 'broker', 'realm-management'])
    await assert.rejects(complete({ clientId }), new RegExp(`^.*${clientId} is a client of Keycloak's own`));
  for (const clientId of ['shop-realm', 'admin-cli2', 'my-account'])
    assert.equal((await complete({ clientId })).goal.clientId, clientId);
});
