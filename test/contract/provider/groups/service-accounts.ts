import assert from 'node:assert/strict';
import {
  assertChallenge,
  assertFault,
  claimsOf,
  GUIDE,
  invalidToken,
  LIGHT,
  sorted,
  WEB,
} from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const OWN = { ...GUIDE, grant_type: 'client_credentials' };

export const serviceAccountsGroup: Behaviours = {
  'a service account has no session and gets no refresh token': async ({ caller }) => {
    const { status, json } = await caller.token(OWN);
    assert.equal(status, 200);
    assert.deepEqual(sorted(Object.keys(json)), [
      'access_token',
      'expires_in',
      'not-before-policy',
      'refresh_expires_in',
      'scope',
      'token_type',
    ]);
    assert.equal(json.refresh_expires_in, 0);
    const claims = claimsOf(String(json.access_token));
    assert.match(String(claims.jti), /^trrtcc:/);
    assert.equal(claims.preferred_username, 'service-account-fastapi-keycloak');
    assert.equal(claims.client_id, 'fastapi-keycloak');
    assert.equal(claims.clientAddress, '127.0.0.1');
    assert.ok(!('sid' in claims) && !('email' in claims));
  },
  'openid brings an ID token and userinfo, offline_access no refresh token': async ({ caller }) => {
    const { json } = await caller.token({ ...OWN, scope: 'openid offline_access' });
    assert.equal(claimsOf(String(json.id_token)).preferred_username, 'service-account-fastapi-keycloak');
    assert.ok(!('refresh_token' in json));
    assert.match(String(json.scope), /offline_access/);
    const { status, json: info } = await caller.userinfo(String(json.access_token));
    assert.deepEqual([status, info.preferred_username], [200, 'service-account-fastapi-keycloak']);
  },
  'a client without a service account': async ({ caller }) => {
    const answer = await caller.token({ ...LIGHT, grant_type: 'client_credentials' });
    const text = 'Client not enabled to retrieve service account';
    assertFault(answer, 401, 'unauthorized_client', text);
  },
  'a public client': async ({ caller }) => {
    const answer = await caller.token({ ...WEB, grant_type: 'client_credentials' });
    const text = 'Public client not allowed to retrieve service account';
    assertFault(answer, 401, 'unauthorized_client', text);
  },
  'a service account that is disabled, whatever scope it asks for': ({ withRealm }) =>
    withRealm(
      () => undefined,
      async (caller, realm) => {
        const { json } = await caller.token({ ...OWN, scope: 'openid' });
        await realm.updateUser('service-account-fastapi-keycloak', { enabled: false });
        const answer = await caller.token({ ...OWN, scope: 'nonsense' });
        const text = "User 'service-account-fastapi-keycloak' disabled";
        assertFault(answer, 401, 'invalid_request', text);
        const info = await caller.userinfo(String(json.access_token));
        assertChallenge(info, realm.name, 401, invalidToken('user_disabled'));
      },
    ),
};
