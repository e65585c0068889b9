import assert from 'node:assert/strict';
import { assertChallenge, assertFault, type Fields, GUIDE, invalidToken, OTHER } from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';

const revoke = ({ caller }: Scene, token: string, fields: Fields = {}) =>
  caller.post('/revoke', { ...GUIDE, token, ...fields });
const INVALID = { error: 'invalid_token', error_description: 'Invalid token' };

export const revocationGroup: Behaviours = {
  'an access token goes alone: the session lives on': async (scene) => {
    const { caller, realm } = scene;
    const { access_token, refresh_token } = await caller.login();
    for (let round = 0; round < 2; round += 1) {
      const { status, text } = await revoke(scene, access_token);
      assert.deepEqual([status, text], [200, '']);
    }
    const userinfo = await caller.userinfo(access_token);
    assertChallenge(userinfo, realm.name, 401, invalidToken('Token verification failed'));
    assert.deepEqual((await caller.introspect(access_token)).json, { active: false });
    assert.equal((await caller.refresh(refresh_token)).status, 200);
  },
  'a refresh token takes the session along': async (scene) => {
    const { caller, realm } = scene;
    const { access_token, refresh_token } = await caller.login();
    assert.equal((await revoke(scene, refresh_token)).status, 200);
    const userinfo = await caller.userinfo(access_token);
    assertChallenge(userinfo, realm.name, 401, invalidToken('user_session_not_found'));
    assertFault(await caller.refresh(refresh_token), 400, 'invalid_grant', 'Session not active');
    const again = await revoke(scene, refresh_token);
    assert.deepEqual([again.status, again.json], [200, INVALID]);
  },
  'an offline token': async (scene) => {
    const { refresh_token } = await scene.caller.login({ scope: 'openid offline_access' });
    assert.equal((await revoke(scene, refresh_token)).status, 200);
    const answer = await scene.caller.refresh(refresh_token);
    assertFault(answer, 400, 'invalid_grant', 'Offline user session not found');
  },
  'a hint that is wrong changes nothing': async (scene) => {
    for (const hint of ['magic', 'refresh_token']) {
      const { access_token } = await scene.caller.login();
      assert.equal((await revoke(scene, access_token, { token_type_hint: hint })).status, 200);
      assert.deepEqual((await scene.caller.introspect(access_token)).json, { active: false });
    }
  },
  'garbage is 200 and says so': async (scene) => {
    for (const token of ['x', '']) {
      const { status, json } = await revoke(scene, token);
      assert.deepEqual([status, json], [200, INVALID]);
    }
  },
  'tokens of another client': async (scene) => {
    const { access_token, refresh_token } = await scene.caller.login();
    for (const token of [access_token, refresh_token]) {
      assertFault(await revoke(scene, token, OTHER), 400, 'invalid_request', 'Unmatching clients');
    }
    assert.equal((await scene.caller.userinfo(access_token)).status, 200);
  },
  'an ID token': async (scene) => {
    const answer = await revoke(scene, (await scene.caller.login()).id_token);
    assertFault(answer, 400, 'unsupported_token_type', 'Unsupported token type');
  },
  'a parameter that comes twice': async ({ caller }) => {
    const { access_token: token } = await caller.login();
    const fields = new URLSearchParams({ ...GUIDE, token });
    for (const second of ['token=x', 'x=1&x=2']) {
      const answer = await caller.post('/revoke', `${fields}&${second}`);
      assertFault(answer, 400, 'invalid_request', 'duplicated parameter');
    }
    assert.equal((await caller.userinfo(token)).status, 200);
  },
  'no token, and a wrong secret': async (scene) => {
    const none = await scene.caller.post('/revoke', GUIDE);
    assertFault(none, 400, 'invalid_request', 'Token not provided');
    const text = 'Invalid client or Invalid client credentials';
    assertFault(await revoke(scene, 'x', { client_secret: 'x' }), 401, 'unauthorized_client', text);
  },
};
