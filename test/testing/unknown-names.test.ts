import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDevIdp } from '../../packages/testing/src/index.ts';

test('a user gets any role that the realm file has, Keycloak makes, or where the file lists none', async (t) => {
  const groups = [{ name: 'staff', subGroups: [{ name: 'dev', realmRoles: ['developer'] }] }];
  const users = [{ username: 'eve', realmRoles: ['editor'] }];
  const roles = { realm: [{ name: 'admin' }] };
  const idp = await startDevIdp({ realm: [{ realm: 'a', groups, users, roles }, { realm: 'b' }] });
  t.after(() => idp.close());
  const realmRoles = ['admin', 'editor', 'developer', 'offline_access', 'default-roles-a'];
  idp.addUser({ username: 'ann', realmRoles, clientRoles: { account: ['view-groups'] } });
  idp.inRealm('b').addUser({ username: 'ann', realmRoles: ['whatever'] });
  assert.throws(
    () => idp.updateUser('ann', { realmRoles: ['whatever'] }),
    /no role 'whatever' in the realm a/,
  );
});

test('a member of an organization who is no user of the file is a warning', async (t) => {
  const organizations = [{ name: 'Acme', members: [{ username: 'Ann' }, { username: 'amm' }] }];
  const users = [{ username: 'ann', enabled: true }];
  const idp = await startDevIdp({ realm: { realm: 'a', organizationsEnabled: true, organizations, users } });
  t.after(() => idp.close());
  assert.deepEqual(idp.warnings, ['organization Acme: its member "amm" is no user of the file']);
});

test('in the realm master people get roles of the client that Keycloak has for each realm', async (t) => {
  const idp = await startDevIdp({ realm: { realm: 'master', enabled: true } });
  t.after(() => idp.close());
  idp.addUser({ username: 'ann', clientRoles: { 'acme-realm': ['view-users'] } });
  const message = "there is no client 'acme' in the realm master";
  assert.throws(() => idp.updateUser('ann', { clientRoles: { acme: ['view-users'] } }), { message });
});

test('a control that would do nothing, or another thing, says so: a misspelt one makes no test pass', async (t) => {
  const idp = await startDevIdp();
  t.after(() => idp.close());
  const odd = idp as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const [name, args, words] of [
    ['answerSlowly', [5, 'tokn'], /no endpoint 'tokn': realm, discovery/],
    ['answerSlowly', ['soon'], /'soon' is no number of milliseconds/],
    ['answerWithError', [99], /'99' is no status/],
    ['answerGarbage', ['certs'], /no endpoint 'certs'/],
    ['advanceClock', [Number.NaN], /'NaN' is no number of seconds/],
    ['advanceClock', ['60'], /'60' is no number of seconds/],
    ['removeRealm', ['nowhere'], /no realm 'nowhere'/],
  ] as [string, unknown[], RegExp][])
    await assert.rejects(async () => odd[name]?.(...args), { name: 'TypeError', message: words }, name);
  assert.ok(Math.abs(idp.now() - Date.now()) < 5_000);
});
