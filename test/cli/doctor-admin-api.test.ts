import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAdminEvidence } from '../../packages/cli/src/doctor/evidence/admin.ts';
import { startAdminApi } from '../admin/admin-api.ts';

async function startEvidence(t: TestContext, answers: Record<string, unknown>) {
  const serverUrl = await startAdminApi(t, answers);
  return (username: string | undefined, clientId = 'api') =>
    createAdminEvidence(
      { serverUrl, realm: 'shop', timeoutMs: 5_000, clientId, username },
      { realm: 'master', username: 'admin', password: 'admin' },
    );
}

test('what an admin sees is of this client, this user and this realm, and read once', async (t) => {
  const directory = (name: string, config: object, providerId = 'ldap') => ({
    id: name,
    name,
    providerId,
    config,
  });
  const evidenceOf = await startEvidence(t, {
    '': [{ realm: 'shop' }, { realm: 'old' }, { realm: 'gone' }],
    shop: { realm: 'shop', directGrantFlow: 'own grant' },
    'shop/clients?clientId=api': [{ id: 'c1', clientId: 'api', defaultClientScopes: ['email'] }],
    'shop/clients?clientId=bound': [
      { id: 'c2', clientId: 'bound', authenticationFlowBindingOverrides: { direct_grant: 'f1' } },
    ],
    'shop/clients?clientId=none': [],
    'shop/clients?max=200': [{ clientId: 'api' }, { clientId: 'web' }],
    'old/clients?clientId=api': [{ id: 'x', clientId: 'api' }],
    'shop/users?username=anna&exact=true': [{ id: 'u1', username: 'anna' }],
    'shop/users?username=anna%40shop.test&exact=true': [],
    'shop/users?username=anna@shop.test&exact=true': [],
    'shop/users?email=anna@shop.test&exact=true': [{ id: 'u1', username: 'anna' }],
    'shop/users?username=nobody&exact=true': [],
    'old/users?username=nobody&exact=true': [{ id: 'u9', username: 'nobody' }],
    'old/users?username=anna&exact=true': [],
    'shop/users/u1': { id: 'u1', username: 'anna', email: 'anna@shop.test' },
    'shop/users/u1/credentials': [{ type: 'password' }],
    'shop/attack-detection/brute-force/users/u1': { disabled: true },
    'shop/users/profile': {
      attributes: [
        { name: 'email', required: { roles: ['user'] }, selector: { scopes: ['email'] } },
        { name: 'phone', required: { scopes: ['phone'] } },
        { name: 'badge', required: { roles: ['admin'] } },
        { name: 'free' },
      ],
    },
    'shop/authentication/flows/f1': { alias: 'bound flow' },
    'shop/authentication/flows/own%20grant/executions': [{ displayName: 'step' }],
    'shop/authentication/flows/bound%20flow/executions': [],
    'shop/components': [
      directory('near', { connectionUrl: ['ldap://near'] }),
      directory('off', { enabled: ['false'] }),
      directory('other', { enabled: ['true'] }, 'kerberos'),
    ],
    'shop/testLDAPConnection': {},
    'shop/keys': { keys: [{ kid: 'k' }] },
    'shop/client-policies/policies': {
      policies: [
        { name: 'on', enabled: true },
        { name: 'off', enabled: false },
      ],
    },
    'shop/workflows': [{ name: 'w1' }, { name: 'w2', enabled: false }, { name: 'w3', enabled: true }],
    'shop/clients/c1/evaluate-scopes/generate-example-access-token': { aud: 'api' },
  });
  const own = evidenceOf('anna');
  assert.deepEqual(await own.realms(), ['shop', 'old', 'gone']);
  assert.deepEqual(await own.clientIds(), ['api', 'web']);
  assert.deepEqual(await own.realmsOfClient(), ['old']);
  assert.deepEqual(await own.realmsOfUser(), []);
  assert.equal((await own.user())?.email, 'anna@shop.test');
  assert.deepEqual(await own.credentials(), [{ type: 'password' }]);
  assert.deepEqual(await own.attack(), { disabled: true });
  assert.deepEqual(await own.requiredAttributes(), ['email']);
  const { alias, isOverride, steps } = await own.flow();
  assert.deepEqual([alias, isOverride, steps.length], ['own grant', false, 1]);
  const federations = await own.federations();
  assert.deepEqual(
    await Promise.all(federations.map(async ({ name, url, isReached }) => [name, url, await isReached()])),
    [
      ['near', 'ldap://near', true],
      ['other', 'kerberos', undefined],
    ],
  );
  assert.deepEqual(await own.keys(), [{ kid: 'k' }]);
  assert.deepEqual(await own.policies(), ['on']);
  assert.deepEqual(await own.workflows(), ['w1', 'w3']);
  assert.deepEqual(await own.exampleClaims(), { aud: 'api' });

  const bound = await evidenceOf('anna', 'bound').flow();
  assert.deepEqual([bound.alias, bound.isOverride], ['bound flow', true]);
  assert.equal((await evidenceOf('anna@shop.test').user())?.id, 'u1');
  assert.equal(await evidenceOf('nobody').user(), undefined);
  assert.deepEqual(await evidenceOf('nobody').credentials(), []);
  assert.deepEqual(await evidenceOf('nobody').attack(), {});
  assert.deepEqual(await evidenceOf('nobody').realmsOfUser(), ['old']);
  assert.equal(await evidenceOf('nobody').exampleClaims(), undefined);
  assert.equal(await evidenceOf(undefined).user(), undefined);
  assert.deepEqual(await evidenceOf(undefined).realmsOfUser(), []);
  assert.equal(await evidenceOf('anna', 'none').exampleClaims(), undefined);
});

test('a directory is out of reach where Keycloak says so, and not where it cannot tell', async (t) => {
  const reached = async (status: number) => {
    const evidenceOf = await startEvidence(t, {
      'shop/components': [{ id: 'd', name: 'd', providerId: 'ldap' }],
      'shop/testLDAPConnection': status,
    });
    const [one] = await evidenceOf('anna').federations();
    return one?.isReached();
  };
  assert.equal(await reached(400), false);
  assert.equal(await reached(500), undefined);
});

test('a user profile that Keycloak does not have requires nothing, and one that this admin may not see is said', async (t) => {
  const client = { 'shop/clients?clientId=api': [{ id: 'c1', clientId: 'api' }] };
  const without = await startEvidence(t, { ...client, 'shop/users/profile': 501 });
  assert.deepEqual(await without('anna').requiredAttributes(), []);
  const forbidden = await startEvidence(t, { ...client, 'shop/users/profile': 403 });
  await assert.rejects(forbidden('anna').requiredAttributes(), { kind: 'forbidden' });
});
