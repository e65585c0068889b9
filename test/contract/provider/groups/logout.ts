import assert from 'node:assert/strict';
import { createBrowser, redirectOf } from '../browser.ts';
import {
  type Answer,
  assertChallenge,
  assertFault,
  claimsOf,
  type Fields,
  GUIDE,
  headerOf,
  invalidToken,
  OTHER,
  pageText,
} from '../caller.ts';
import { startLogoutListener } from '../logout-listener.ts';
import type { Behaviours, Scene } from '../scene.ts';

const GONE = invalidToken('user_session_not_found');
const BYE = 'http://localhost:8000/bye';

const logout = ({ caller }: Pick<Scene, 'caller'>, fields: Fields) =>
  caller.post('/logout', { ...GUIDE, ...fields });
const leave = ({ caller }: Scene, fields: Fields) => caller.call(`/logout?${new URLSearchParams(fields)}`);

function assertPage(answer: Answer, status: number, text: string): void {
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get('location'), null);
  assert.ok(pageText(answer).includes(text), pageText(answer).slice(0, 300));
}

export const logoutGroup: Behaviours = {
  'by refresh token: 204, and the session is over': async (scene) => {
    const { caller, realm } = scene;
    const { access_token, refresh_token } = await caller.login();
    const answer = await logout(scene, { refresh_token });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assertChallenge(await caller.userinfo(access_token), realm.name, 401, GONE);
    assert.deepEqual((await caller.introspect(access_token)).json, { active: false });
    assertFault(await caller.refresh(refresh_token), 400, 'invalid_grant', 'Session not active');
    assert.equal((await logout(scene, { refresh_token })).status, 204);
  },
  'by refresh token: faults leave the session alone': async (scene) => {
    const { access_token, refresh_token } = await scene.caller.login();
    const same = 'Invalid client or Invalid client credentials';
    assertFault(await logout(scene, { refresh_token: 'x' }), 400, 'invalid_grant', 'Invalid refresh token');
    const secret = await logout(scene, { refresh_token, client_secret: 'x' });
    assertFault(secret, 401, 'unauthorized_client', same);
    const unknown = await logout(scene, { refresh_token, client_id: 'nope' });
    assertFault(unknown, 401, 'invalid_client', same);
    const foreign = await logout(scene, { refresh_token, ...OTHER });
    const text = "Invalid refresh token. Token client and authorized client don't match";
    assertFault(foreign, 400, 'invalid_grant', text);
    const access = await logout(scene, { refresh_token: access_token });
    assertFault(access, 400, 'invalid_grant', 'Invalid refresh token');
    assert.equal((await scene.caller.userinfo(access_token)).status, 200);
  },
  'a bearer token alone logs nobody out': async (scene) => {
    const { access_token } = await scene.caller.login();
    const headers = { authorization: `Bearer ${access_token}` };
    assertPage(
      await scene.caller.call('/logout', { method: 'POST', headers }),
      200,
      'Do you want to log out?',
    );
    assert.equal((await scene.caller.userinfo(access_token)).status, 200);
  },
  'with an ID token as hint: out, and a page': async (scene) => {
    const { access_token, id_token } = await scene.caller.login();
    assertPage(await leave(scene, { id_token_hint: id_token }), 200, 'You are logged out');
    assertChallenge(await scene.caller.userinfo(access_token), scene.realm.name, 401, GONE);
  },
  'with a hint and a redirect URI: out, and back with the state': async (scene) => {
    const { id_token } = await scene.caller.login();
    const fields = { id_token_hint: id_token, post_logout_redirect_uri: BYE, state: 's 1' };
    assert.equal(redirectOf(await leave(scene, fields)).href, `${BYE}?state=s+1`);
  },
  'a redirect URI of somebody else': async (scene) => {
    const { id_token, access_token } = await scene.caller.login();
    for (const uri of [
      'http://evil.example/',
      'http://localhost:8000@evil.example/',
      'javascript:alert(1)',
      ...[`${BYE}?state=x`, `${BYE}?x=1&Code`, `${BYE}#error=x`],
    ]) {
      const answer = await leave(scene, { id_token_hint: id_token, post_logout_redirect_uri: uri });
      assertPage(answer, 400, 'Invalid redirect uri');
    }
    const byId = await leave(scene, {
      client_id: GUIDE.client_id,
      post_logout_redirect_uri: 'http://evil.example/',
    });
    assertPage(byId, 400, 'Invalid redirect uri');
    assert.equal((await scene.caller.userinfo(access_token)).status, 200);
  },
  'a redirect URI needs a hint or a client': async (scene) => {
    const answer = await leave(scene, { post_logout_redirect_uri: BYE });
    assertPage(answer, 400, 'Missing parameters: id_token_hint');
  },
  'a hint that is none, an access token, or of another client': async (scene) => {
    const { id_token, access_token } = await scene.caller.login();
    for (const fields of [
      { id_token_hint: 'x' },
      { id_token_hint: access_token },
      { id_token_hint: id_token, client_id: 'other-service' },
    ] as Fields[]) {
      const answer = await leave(scene, { ...fields, post_logout_redirect_uri: BYE });
      assertPage(answer, 400, 'Invalid parameter: id_token_hint');
    }
  },
  'with nothing at all it asks first': async (scene) => {
    assertPage(await leave(scene, {}), 200, 'Do you want to log out?');
  },
  'a signed-in browser is asked first, and is out when it says yes': async ({ caller }) => {
    const browser = createBrowser(caller);
    await browser.signIn();
    const url = `${caller.base}/logout?client_id=${GUIDE.client_id}`;
    const page = await browser.visit(url);
    assertPage(page, 200, 'Do you want to log out?');
    assert.equal(redirectOf(await browser.open({ prompt: 'none' })).searchParams.get('error'), null);
    const asked = await browser.visit(url);
    const code = /name="session_code" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    assert.equal((await browser.submit(asked, { session_code: code, confirmLogout: 'Logout' })).status, 200);
    const after = redirectOf(await browser.open({ prompt: 'none' }));
    assert.equal(after.searchParams.get('error'), 'login_required');
  },
  'a back-channel logout call tells the client, whatever it answers': async ({ withRealm }) => {
    const listener = await startLogoutListener();
    try {
      await withRealm(
        (realm) => {
          const client = realm.clients?.find(({ clientId }) => clientId === GUIDE.client_id);
          Object.assign(client?.attributes ?? {}, { 'backchannel.logout.url': listener.url });
        },
        async (caller, realm) => {
          const byToken = await caller.login();
          assert.equal((await logout({ caller }, { refresh_token: byToken.refresh_token })).status, 204);
          const byAdmin = await caller.login();
          await realm.endSession(byAdmin.session_state);
          const byUser = await caller.login();
          await realm.logoutUser('abdullah');
          assert.deepEqual(
            listener.tokens.map((token) => claimsOf(token).sid),
            [byToken, byAdmin, byUser].map(({ session_state }) => session_state),
          );
          const [token = ''] = listener.tokens;
          assert.deepEqual([headerOf(token).typ, headerOf(token).alg], ['logout+jwt', 'RS256']);
          const { exp, iat, jti, sub, sid, events, ...rest } = claimsOf(token);
          assert.equal(Number(exp) - Number(iat), 120);
          assert.ok(jti && sub && sid);
          assert.deepEqual(events, {
            'http://schemas.openid.net/event/backchannel-logout': {},
            revoke_offline_access: true,
          });
          assert.deepEqual(rest, { iss: caller.issuer, aud: GUIDE.client_id, typ: 'Logout' });
        },
      );
    } finally {
      listener.close();
    }
  },
  'revocation and a disabled user make no back-channel call': async ({ withRealm }) => {
    const listener = await startLogoutListener();
    try {
      await withRealm(
        (realm) => {
          const client = realm.clients?.find(({ clientId }) => clientId === GUIDE.client_id);
          Object.assign(client?.attributes ?? {}, { 'backchannel.logout.url': listener.url });
        },
        async (caller, realm) => {
          const tokens = await caller.login();
          await caller.post('/revoke', { ...GUIDE, token: tokens.refresh_token });
          await caller.login();
          await realm.updateUser('abdullah', { enabled: false });
          assert.deepEqual(listener.tokens, []);
        },
      );
    } finally {
      listener.close();
    }
  },
};
