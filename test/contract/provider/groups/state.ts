import assert from 'node:assert/strict';
import { assertChallenge, assertFault, GUIDE, invalidToken, OTHER, PASSWORD, pageText } from '../caller.ts';
import type { Behaviours } from '../scene.ts';
import type { Change, TestRealm } from '../target.ts';

const SAME = 'Invalid client or Invalid client credentials';
const other =
  (change: Record<string, unknown>): Change =>
  (realm) =>
    void Object.assign(realm.clients?.find(({ clientId }) => clientId === 'other-service') ?? {}, change);
const settings =
  (change: Record<string, unknown>): Change =>
  (realm) =>
    void Object.assign(realm, change);
const LOCKED = { bruteForceProtected: true, quickLoginCheckMilliSeconds: 0, failureFactor: 2 };
/**
 * Keycloak counts a login in the background, after its answer. Until then it refuses each other login of that user, and does not
 * count it: https://github.com/keycloak/keycloak/pull/52429
 */
const untilCounted = (realm: TestRealm) => realm.pass(3);

export const stateGroup: Behaviours = {
  'a user who is disabled is out at once, and back when enabled': async ({ withRealm }) => {
    await withRealm(
      () => {},
      async (caller, realm) => {
        const { access_token, refresh_token } = await caller.login();
        await realm.updateUser('abdullah', { enabled: false });
        const text = invalidToken('User disabled');
        assertChallenge(await caller.userinfo(access_token), realm.name, 401, text);
        assertFault(await caller.refresh(refresh_token), 400, 'invalid_grant', 'User disabled');
        assert.deepEqual((await caller.introspect(access_token)).json, { active: false });
        await realm.updateUser('abdullah', { enabled: true });
        assert.equal((await caller.userinfo(access_token)).status, 200);
        assert.equal((await caller.refresh(refresh_token)).status, 200);
      },
    );
  },
  'a required action after the login changes nothing': async ({ withRealm }) => {
    await withRealm(
      () => {},
      async (caller, realm) => {
        const { access_token, refresh_token } = await caller.login();
        await realm.updateUser('abdullah', { requiredActions: ['UPDATE_PASSWORD'] });
        assert.equal((await caller.userinfo(access_token)).status, 200);
        assert.equal((await caller.refresh(refresh_token)).status, 200);
      },
    );
  },
  'a session that an administrator ends': async ({ caller, realm }) => {
    const { access_token, session_state } = await caller.login();
    await realm.endSession(session_state);
    const text = invalidToken('user_session_not_found');
    assertChallenge(await caller.userinfo(access_token), realm.name, 401, text);
  },
  'a realm’s not-before time': async ({ withRealm }) => {
    await withRealm(
      () => {},
      async (caller, realm) => {
        const { access_token, refresh_token } = await caller.login();
        const notBefore = Math.floor(Date.now() / 1000) + 60;
        await realm.updateRealm({ notBefore });
        const text = invalidToken('Token verification failed');
        assertChallenge(await caller.userinfo(access_token), realm.name, 401, text);
        assertFault(await caller.refresh(refresh_token), 400, 'invalid_grant', 'Stale token');
        assert.deepEqual((await caller.introspect(access_token)).json, { active: false });
        assert.equal((await caller.call(caller.issuer)).json['tokens-not-before'], notBefore);
        assert.equal((await caller.passwordGrant()).json['not-before-policy'], notBefore);
      },
    );
  },
  'a client that is disabled later': async ({ withRealm }) => {
    await withRealm(
      () => {},
      async (caller, realm) => {
        const { access_token, refresh_token } = await caller.login();
        await realm.updateClient(GUIDE.client_id, { enabled: false });
        const text = invalidToken('Client disabled');
        assertChallenge(await caller.userinfo(access_token), realm.name, 401, text);
        assertFault(await caller.refresh(refresh_token), 401, 'invalid_client', SAME);
      },
    );
  },
  'a disabled client': async ({ withRealm }) => {
    await withRealm(other({ enabled: false }), async (caller) => {
      assertFault(await caller.passwordGrant(OTHER), 401, 'invalid_client', SAME);
      assertFault(await caller.introspect('x', OTHER), 401, 'invalid_client', SAME);
      const fields = {
        client_id: 'other-service',
        response_type: 'code',
        redirect_uri: 'http://localhost/x',
      };
      const page = await caller.authorize(fields);
      assert.deepEqual([page.status, pageText(page).includes('Client disabled.')], [400, true]);
    });
  },
  'a client that requires consent': async ({ withRealm }) => {
    await withRealm(other({ consentRequired: true }), async (caller) => {
      const text = 'Client requires user consent';
      assertFault(await caller.passwordGrant(OTHER), 400, 'invalid_client', text);
      const { status } = await caller.token({ ...OTHER, grant_type: 'client_credentials' });
      assert.equal(status, 200);
    });
  },
  'a bearer-only client': async ({ withRealm }) => {
    await withRealm(other({ bearerOnly: true }), async (caller) => {
      assertFault(await caller.passwordGrant(OTHER), 400, 'invalid_client', 'Bearer-only not allowed');
      const fields = {
        client_id: 'other-service',
        response_type: 'code',
        redirect_uri: 'http://localhost/x',
      };
      const page = await caller.authorize(fields);
      assert.equal(page.status, 403);
      assert.match(pageText(page), /Bearer-only applications are not allowed to initiate browser login/);
    });
  },
  'a client that must sign a JWT': async ({ withRealm }) => {
    await withRealm(other({ clientAuthenticatorType: 'client-jwt' }), async (caller) => {
      const text = 'Parameter client_assertion_type is missing';
      assertFault(await caller.passwordGrant(OTHER), 400, 'invalid_client', text);
      assertFault(await caller.introspect('x', OTHER), 400, 'invalid_client', text);
    });
  },
  'a client without the standard flow': async ({ withRealm }) => {
    await withRealm(other({ standardFlowEnabled: false }), async (caller) => {
      const fields = {
        client_id: 'other-service',
        response_type: 'code',
        redirect_uri: 'http://localhost/x',
      };
      const { headers } = await caller.authorize(fields);
      assert.match(
        headers.get('location') ?? '',
        /\?error=unauthorized_client&error_description=.*Standard\+flow/,
      );
    });
  },
  'a realm that wants HTTPS': async ({ withRealm }) => {
    await withRealm(settings({ sslRequired: 'all' }), async (caller) => {
      const text = 'HTTPS required';
      assertFault(await caller.passwordGrant(), 403, 'invalid_request', text);
      assertFault(await caller.call('/certs'), 403, 'invalid_request', text);
      assertFault(await caller.introspect('x'), 403, 'invalid_request', text);
      assert.equal((await caller.call(caller.issuer)).status, 200);
    });
  },
  'a realm that is disabled': async ({ withRealm }) => {
    await withRealm(settings({ enabled: false }), async (caller) => {
      const text = 'Realm not enabled';
      assertFault(await caller.passwordGrant(), 403, 'access_denied', text);
      assertFault(await caller.introspect('x'), 403, 'access_denied', text);
      assert.equal((await caller.call('/certs')).status, 200);
    });
  },
  'a lockout reads like a wrong password, with the right one too, and ends': async ({ withRealm }) => {
    await withRealm(settings({ ...LOCKED, waitIncrementSeconds: 15 }), async (caller, realm) => {
      const text = 'Invalid user credentials';
      for (const password of ['x', 'x', PASSWORD]) {
        assertFault(await caller.passwordGrant({ password }), 400, 'invalid_grant', text);
        await untilCounted(realm);
      }
      assert.equal((await caller.passwordGrant({ username: 'sara' })).status, 200);
      let answer = await caller.passwordGrant();
      for (let second = 0; answer.status !== 200 && second < 20; second += 1) {
        await realm.pass(1);
        answer = await caller.passwordGrant();
      }
      assert.equal(answer.status, 200);
    });
  },
  'a right password in between starts the count anew': async ({ withRealm }) => {
    await withRealm(settings(LOCKED), async (caller, realm) => {
      for (const [password, status] of [
        ['x', 400],
        [PASSWORD, 200],
        ['x', 400],
        [PASSWORD, 200],
      ] as const) {
        assert.equal((await caller.passwordGrant({ password })).status, status);
        await untilCounted(realm);
      }
    });
  },
};
