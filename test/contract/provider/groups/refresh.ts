import assert from 'node:assert/strict';
import {
  assertChallenge,
  assertFault,
  claimsOf,
  GUIDE,
  invalidToken,
  OTHER,
  sorted,
  type Tokens,
} from '../caller.ts';
import type { Behaviours } from '../scene.ts';

export const refreshGroup: Behaviours = {
  'a refresh token gives new tokens of the same session, more than once': async ({ caller }) => {
    const first = await caller.login();
    for (let round = 0; round < 2; round += 1) {
      const { status, json } = await caller.refresh(first.refresh_token);
      assert.equal(status, 200);
      assert.equal(json.session_state, first.session_state);
      assert.match(String(claimsOf(String(json.access_token)).jti), /^onrtrt:/);
      assert.ok(json.id_token && json.refresh_token);
    }
  },
  'scopes can be narrowed, not widened': async ({ caller }) => {
    const { refresh_token } = await caller.login();
    for (const [scope, expected] of [
      ['email', ['email', 'profile']],
      ['openid phone', ['email', 'openid', 'profile']],
    ] as const) {
      const { json } = await caller.refresh(refresh_token, { scope });
      assert.deepEqual(sorted(String(json.scope).split(' ')), expected);
    }
  },
  'an unknown scope, and an empty one': async ({ caller }) => {
    for (const scope of ['nonsense', '']) {
      const answer = await caller.refresh((await caller.login()).refresh_token, { scope });
      assertFault(answer, 400, 'invalid_scope', `Invalid scopes: ${scope}`);
    }
  },
  'no refresh token': async ({ caller }) => {
    const answer = await caller.token({ ...GUIDE, grant_type: 'refresh_token' });
    assertFault(answer, 400, 'invalid_request', 'No refresh token');
  },
  'garbage, an access token, an ID token, a broken signature': async ({ caller }) => {
    const { access_token, id_token, refresh_token } = await caller.login();
    for (const token of ['x', access_token, id_token, `${refresh_token.slice(0, -8)}AAAAAAAA`]) {
      assertFault(await caller.refresh(token), 400, 'invalid_grant', 'Invalid refresh token');
    }
  },
  'the refresh token of another client': async ({ caller }) => {
    const { refresh_token } = await caller.login();
    const text = "Invalid refresh token. Token client and authorized client don't match";
    assertFault(await caller.refresh(refresh_token, OTHER), 400, 'invalid_grant', text);
  },
  'a wrong secret': async ({ caller }) => {
    const answer = await caller.refresh((await caller.login()).refresh_token, { client_secret: 'x' });
    const text = 'Invalid client or Invalid client credentials';
    assertFault(answer, 401, 'unauthorized_client', text);
  },
  'an offline token is good for new tokens': async ({ caller }) => {
    const { refresh_token } = await caller.login({ scope: 'openid offline_access' });
    const { status, json } = await caller.refresh(refresh_token);
    assert.deepEqual([status, json.refresh_expires_in], [200, 0]);
  },
  'rotation: a token that comes a second time ends them all': async ({ withRealm }) => {
    await withRealm(
      (realm) => Object.assign(realm, { revokeRefreshToken: true, refreshTokenMaxReuse: 0 }),
      async (caller, { name }) => {
        const { refresh_token } = await caller.login();
        const next = (await caller.refresh(refresh_token)).json as Tokens;
        const text = 'Maximum allowed refresh token reuse exceeded';
        assertFault(await caller.refresh(refresh_token), 400, 'invalid_grant', text);
        const gone = "Session doesn't have required client";
        assertFault(await caller.refresh(next.refresh_token), 400, 'invalid_grant', gone);
        const userinfo = await caller.userinfo(next.access_token);
        assertChallenge(userinfo, name, 401, invalidToken('user_session_not_found'));
      },
    );
  },
  'rotation with one reuse': async ({ withRealm }) => {
    await withRealm(
      (realm) => Object.assign(realm, { revokeRefreshToken: true, refreshTokenMaxReuse: 1 }),
      async (caller) => {
        const { refresh_token } = await caller.login();
        assert.equal((await caller.refresh(refresh_token)).status, 200);
        assert.equal((await caller.refresh(refresh_token)).status, 200);
        const text = 'Maximum allowed refresh token reuse exceeded';
        assertFault(await caller.refresh(refresh_token), 400, 'invalid_grant', text);
      },
    );
  },
};
