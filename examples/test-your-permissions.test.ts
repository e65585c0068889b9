// How to test permissions: the embedded provider decides by the authorization settings of the realm, as Keycloak does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import keycloakGuard, { keycloakPermissions } from 'keycloak-guard/fastify';

// What Keycloak's console exports under Clients > my-api > Authorization > Export.
const authorizationSettings = {
  resources: [{ name: 'orders', scopes: [{ name: 'view' }, { name: 'delete' }] }],
  policies: [
    {
      ...{ name: 'is clerk', type: 'role' },
      config: { roles: '[{"id":"clerk","required":true}]', fetchRoles: 'true' },
    },
    {
      ...{ name: 'clerks see orders', type: 'scope' },
      config: { resources: '["orders"]', scopes: '["view"]', applyPolicies: '["is clerk"]' },
    },
  ],
};
/** Tokens are for the API, as in Keycloak with an audience mapper. */
const forTheApi = {
  ...{ name: 'audience', protocolMapper: 'oidc-audience-mapper' },
  config: { 'included.client.audience': 'my-api', 'access.token.claim': 'true' },
};
const person = { enabled: true, firstName: 'A', lastName: 'B' };
const realm = {
  realm: 'shop',
  roles: { realm: [{ name: 'clerk' }] },
  clients: [
    {
      ...{ clientId: 'my-api', secret: 'for-tests', serviceAccountsEnabled: true },
      ...{ authorizationServicesEnabled: true, authorizationSettings },
      protocolMappers: [forTheApi],
    },
  ],
  users: [
    { ...person, username: 'clara', email: 'clara@example.com', realmRoles: ['clerk'] },
    { ...person, username: 'guest', email: 'guest@example.com' },
  ],
};

let keycloak: DevIdp;
let app: FastifyInstance;

before(async () => {
  keycloak = await startDevIdp({ realm });
  app = Fastify();
  await app.register(keycloakGuard, {
    ...{ serverUrl: keycloak.url, realm: 'shop', clientId: 'my-api' },
    onNotice: false,
  });
  // Every request asks, so that a test sees at once what it changed.
  await app.register(keycloakPermissions, { clientSecret: 'for-tests', permissionSeconds: 0 });
  app.get('/orders', { onRequest: [app.guard(), app.permit('orders#view')] }, () => ({ orders: [] }));
  app.delete('/orders', { onRequest: [app.guard(), app.permit('orders#delete')] }, () => ({}));
});
after(async () => {
  await app.close();
  await keycloak.close();
});

async function statusFor(username: string, method: 'GET' | 'DELETE'): Promise<number> {
  const token = await keycloak.issueToken({ username, clientId: 'my-api' });
  const headers = { authorization: `Bearer ${token}` };
  return (await app.inject({ method, url: '/orders', headers })).statusCode;
}

test('clerks see orders, and delete none', async () => {
  assert.equal(keycloak.warnings.length, 0);
  assert.deepEqual([await statusFor('clara', 'GET'), await statusFor('clara', 'DELETE')], [200, 403]);
  assert.equal(await statusFor('guest', 'GET'), 403);
});

test('who becomes a clerk sees them, and who is none any more does not', async () => {
  keycloak.updateUser('guest', { realmRoles: ['clerk'] });
  assert.equal(await statusFor('guest', 'GET'), 200);
  keycloak.updateUser('guest', { realmRoles: [] });
  assert.equal(await statusFor('guest', 'GET'), 403);
});

test('other settings count at once', async () => {
  keycloak.updateClient('my-api', {
    authorizationSettings: { ...authorizationSettings, policyEnforcementMode: 'DISABLED' },
  });
  assert.equal(await statusFor('guest', 'GET'), 200);
  keycloak.updateClient('my-api', { authorizationSettings });
  assert.equal(await statusFor('guest', 'GET'), 403);
});

test('while Keycloak does not answer, nobody is let in, and it is no refusal', async () => {
  keycloak.answerWithError(503, 'token');
  assert.equal(await statusFor('clara', 'GET'), 503);
  keycloak.answerNormally();
});
