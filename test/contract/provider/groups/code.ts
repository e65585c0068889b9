import assert from 'node:assert/strict';
import { createBrowser, createChallenge } from '../browser.ts';
import {
  assertChallenge,
  assertFault,
  CALLBACK,
  claimsOf,
  type Fields,
  GUIDE,
  invalidToken,
  OTHER,
  type Tokens,
} from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';

async function signedInBrowser({ caller }: Scene) {
  const browser = createBrowser(caller);
  await browser.signIn();
  return browser;
}

const exchange = ({ caller }: Scene, code: string, fields: Fields = {}) =>
  caller.token({ ...GUIDE, grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...fields });

/** A fresh code is refused when it comes with these fields. */
const refused =
  (fields: Fields, description: string, authFields: Fields = {}) =>
  async (scene: Scene) => {
    const code = await (await signedInBrowser(scene)).code(authFields);
    assertFault(await exchange(scene, code, fields), 400, 'invalid_grant', description);
  };

const pkce = createChallenge();

export const codeGroup: Behaviours = {
  'a code gives tokens with nonce and time of login': async (scene) => {
    const code = await (await signedInBrowser(scene)).code();
    const { status, headers, json } = await exchange(scene, code);
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    const tokens = json as Tokens;
    const id = claimsOf(tokens.id_token);
    assert.equal(id.nonce, 'nonce-1');
    assert.equal(typeof id.auth_time, 'number');
    const access = claimsOf(tokens.access_token);
    assert.equal(access.auth_time, id.auth_time);
    assert.match(String(access.jti), /^onrtac:/);
    assert.ok(!('nonce' in access));
  },
  'a code that comes a second time ends what the first one got': async (scene) => {
    const { caller, realm } = scene;
    const code = await (await signedInBrowser(scene)).code();
    const { access_token } = (await exchange(scene, code)).json as Tokens;
    assert.equal((await caller.userinfo(access_token)).status, 200);
    assertFault(await exchange(scene, code), 400, 'invalid_grant', 'Code not valid');
    const userinfo = await caller.userinfo(access_token);
    assertChallenge(userinfo, realm.name, 401, invalidToken('user_session_not_found'));
  },
  'a code is used up by a failure': async (scene) => {
    const code = await (await signedInBrowser(scene)).code();
    assert.equal((await exchange(scene, code, { redirect_uri: 'http://localhost:8000/x' })).status, 400);
    assertFault(await exchange(scene, code), 400, 'invalid_grant', 'Code not valid');
  },
  'another redirect URI': refused({ redirect_uri: 'http://localhost:8000/other' }, 'Incorrect redirect_uri'),
  'the code of another client': refused(OTHER, 'Auth error: Found different client_id in clientSession'),
  'a verifier without a challenge': refused(
    { code_verifier: pkce.verifier },
    'PKCE code verifier specified but challenge not present in authorization',
  ),
  'no verifier': refused({}, 'PKCE code verifier not specified', pkce.fields),
  'a wrong verifier': refused(
    { code_verifier: createChallenge().verifier },
    'PKCE verification failed: Code mismatch',
    pkce.fields,
  ),
  'a verifier that is none': refused(
    { code_verifier: 'x' },
    'PKCE verification failed: Invalid code verifier',
    pkce.fields,
  ),
  'the challenge itself is no verifier': refused(
    { code_verifier: pkce.fields.code_challenge },
    'PKCE verification failed: Code mismatch',
    pkce.fields,
  ),
  'the right verifier': async (scene) => {
    const code = await (await signedInBrowser(scene)).code(pkce.fields);
    assert.equal((await exchange(scene, code, { code_verifier: pkce.verifier })).status, 200);
  },
  'a public client: code with PKCE, refresh, revocation and logout without a secret': async (scene) => {
    const { caller } = scene;
    const browser = await signedInBrowser(scene);
    const web = { client_id: 'web-app', redirect_uri: 'http://localhost:3000/callback' };
    const code = await browser.code({ ...web, ...pkce.fields });
    const answer = await caller.token(
      { ...web, grant_type: 'authorization_code', code, code_verifier: pkce.verifier },
      { origin: 'http://localhost:3000' },
    );
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('access-control-allow-origin'), 'http://localhost:3000');
    const { refresh_token, access_token } = answer.json as Tokens;
    const { client_id } = web;
    const refreshed = await caller.token({ client_id, grant_type: 'refresh_token', refresh_token });
    assert.equal(refreshed.status, 200);
    assert.equal((await caller.post('/revoke', { client_id, token: access_token })).status, 200);
    assert.equal((await caller.post('/logout', { client_id, refresh_token })).status, 204);
  },
  'no code': async (scene) => {
    const answer = await scene.caller.token({ ...GUIDE, grant_type: 'authorization_code' });
    assertFault(answer, 400, 'invalid_request', 'Missing parameter: code');
  },
  'a code that is none': async (scene) => {
    for (const code of ['x', 'a.b.c']) {
      assertFault(await exchange(scene, code), 400, 'invalid_grant', 'Code not valid');
    }
  },
};
