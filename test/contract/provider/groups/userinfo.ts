import assert from 'node:assert/strict';
import { assertChallenge, GUIDE, invalidToken, LIGHT } from '../caller.ts';
import type { Behaviours } from '../scene.ts';

const FAILED = invalidToken('Token verification failed');

export const userinfoGroup: Behaviours = {
  'tells who the user is': async ({ caller }) => {
    const { access_token } = await caller.login();
    for (const answer of [
      await caller.userinfo(access_token),
      await caller.call('/userinfo', {
        method: 'POST',
        headers: { authorization: `bearer ${access_token}` },
      }),
      await caller.post('/userinfo', { access_token }),
    ]) {
      assert.equal(answer.status, 200);
      const { sub, ...rest } = answer.json;
      assert.match(String(sub), /^[0-9a-f-]{36}$/);
      assert.deepEqual(rest, {
        email_verified: true,
        name: 'Abdullah Alqahtani',
        preferred_username: 'abdullah',
        given_name: 'Abdullah',
        family_name: 'Alqahtani',
        email: 'abdullah@example.com',
      });
      assert.equal(answer.headers.get('cache-control'), 'no-store, no-cache');
    }
  },
  'no token': async ({ caller, realm }) => {
    assertChallenge(await caller.call('/userinfo'), realm.name, 401);
  },
  'another scheme, or no token after the scheme': async ({ caller, realm }) => {
    const { access_token } = await caller.login();
    const odd = [`Bearer  ${access_token}`, `Bearer ${access_token} x`];
    for (const authorization of ['Basic eDp5', 'Bearer', ...odd]) {
      assertChallenge(await caller.call('/userinfo', { headers: { authorization } }), realm.name, 401);
    }
  },
  'a token in the query does not count': async ({ caller, realm }) => {
    const { access_token } = await caller.login();
    assertChallenge(await caller.call(`/userinfo?access_token=${access_token}`), realm.name, 401);
  },
  'garbage, an ID token, a refresh token, a broken signature': async ({ caller, realm }) => {
    const { access_token, id_token, refresh_token } = await caller.login();
    const broken = `${access_token.slice(0, -8)}AAAAAAAA`;
    for (const token of ['garbage', 'a.b.c', id_token, refresh_token, broken]) {
      assertChallenge(await caller.userinfo(token), realm.name, 401, FAILED);
    }
  },
  'a token without a signature': async ({ caller, realm }) => {
    const [, payload] = (await caller.login()).access_token.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    assertChallenge(await caller.userinfo(`${header}.${payload}.`), realm.name, 401, FAILED);
  },
  'a token of another realm': async ({ caller, realm, withRealm }) => {
    await withRealm(
      () => {},
      async (other) => {
        const { access_token } = await other.login();
        assertChallenge(await caller.userinfo(access_token), realm.name, 401, FAILED);
      },
    );
  },
  'two tokens': async ({ caller, realm }) => {
    const { access_token } = await caller.login();
    const headers = { authorization: `Bearer ${access_token}` };
    const answer = await caller.post('/userinfo', { access_token }, headers);
    const text = 'More than one method used for including an access token';
    assertChallenge(answer, realm.name, 400, `, error="invalid_request", error_description="${text}"`);
  },
  'the scope openid is needed': async ({ caller, realm }) => {
    const { json } = await caller.passwordGrant();
    const answer = await caller.userinfo(String(json.access_token));
    const text = ', error="insufficient_scope", error_description="Missing openid scope"';
    assertChallenge(answer, realm.name, 403, text);
  },
  'a lightweight token is refused': async ({ caller, realm }) => {
    const { access_token } = await caller.login(LIGHT);
    const text = invalidToken('Lightweight access token not allowed for userinfo endpoint');
    assertChallenge(await caller.userinfo(access_token), realm.name, 401, text);
  },
  'a service account is a user': async ({ caller }) => {
    const { json } = await caller.token({ ...GUIDE, grant_type: 'client_credentials', scope: 'openid' });
    const answer = await caller.userinfo(String(json.access_token));
    assert.equal(answer.status, 200);
    assert.equal(answer.json.preferred_username, 'service-account-fastapi-keycloak');
  },
  'an origin that is not the client’s': async ({ caller }) => {
    const { access_token } = await caller.login();
    const { status, json } = await caller.userinfo(access_token, { origin: 'http://evil.example' });
    assert.deepEqual({ status, json }, { status: 403, json: { error: 'Invalid origin' } });
  },
};
