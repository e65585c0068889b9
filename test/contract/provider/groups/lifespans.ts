import assert from 'node:assert/strict';
import { codeOf, createBrowser } from '../browser.ts';
import {
  ABDULLAH,
  type Answer,
  assertChallenge,
  assertFault,
  CALLBACK,
  type Caller,
  claimsOf,
  GUIDE,
  invalidToken,
  type Json,
  type Tokens,
} from '../caller.ts';
import type { Behaviours } from '../scene.ts';
import type { Change } from '../target.ts';
import { LIFESPAN_CASES, type LifespanCase } from './lifespan-cases.ts';

const changeOf =
  ({ realm: settings = {}, client: attributes = {} }: LifespanCase): Change =>
  (realm) => {
    Object.assign(realm, settings);
    const client = realm.clients?.find(({ clientId }) => clientId === GUIDE.client_id);
    Object.assign(client?.attributes ?? {}, attributes);
  };

/** Keycloak reads the clock more than once, and a login takes a second of a session that has a longest life. */
function assertSeconds(actual: unknown, expected: number, what: string): void {
  assert.ok(
    Number(actual) <= expected && Number(actual) >= expected - 3,
    `${what}: ${actual}, not ${expected}`,
  );
}

function assertLifespans({ status, text, json }: Answer, access: number, refresh?: number | 'no end'): void {
  assert.equal(status, 200, text);
  const spanOf = (token: unknown) => {
    const { exp, iat } = claimsOf(String(token)) as { exp?: number; iat: number };
    return exp === undefined ? undefined : exp - iat;
  };
  assertSeconds(json.expires_in, access, 'expires_in');
  assertSeconds(spanOf(json.access_token), access, 'access token');
  if (json.id_token !== undefined) {
    assert.equal(claimsOf(String(json.id_token)).exp, claimsOf(String(json.access_token)).exp);
  }
  if (refresh === undefined) return;
  if (refresh === 'no end') {
    assert.deepEqual([json.refresh_expires_in, spanOf(json.refresh_token)], [0, undefined]);
    return;
  }
  assertSeconds(json.refresh_expires_in, refresh, 'refresh_expires_in');
  assertSeconds(spanOf(json.refresh_token), refresh, 'refresh token');
}

async function signIn(caller: Caller, fields: Json = {}, browser = createBrowser(caller)): Promise<Answer> {
  const back = await browser.submit(await browser.open(), {
    ...ABDULLAH,
    ...(fields as Record<string, string>),
  });
  return exchange(caller, back);
}

const exchange = (caller: Caller, back: Answer): Promise<Answer> =>
  caller.token({
    ...GUIDE,
    grant_type: 'authorization_code',
    code: codeOf(back),
    redirect_uri: CALLBACK,
  });

async function assertCase(caller: Caller, expected: LifespanCase): Promise<void> {
  const { password, offline, service, remembered } = expected;
  if (password !== undefined) {
    const answer = await caller.passwordGrant({ scope: 'openid' });
    assertLifespans(answer, ...password);
    assertLifespans(await caller.refresh(String(answer.json.refresh_token)), ...password);
    assertLifespans(await signIn(caller), ...password);
  }
  if (offline !== undefined) {
    const answer = await caller.passwordGrant({ scope: 'openid offline_access' });
    assertLifespans(answer, ...offline);
    assertLifespans(await caller.refresh(String(answer.json.refresh_token)), ...offline);
  }
  if (service !== undefined) {
    assertLifespans(await caller.token({ ...GUIDE, grant_type: 'client_credentials' }), service);
  }
  if (remembered !== undefined) {
    const answer = await signIn(caller, { rememberMe: 'on' });
    assertLifespans(answer, ...remembered);
    assertLifespans(await caller.refresh(String(answer.json.refresh_token)), ...remembered);
  }
}

const GONE = 'user_session_not_found';
const OVER = 'Token verification failed';

/** What is left when time has passed: the same words for every way of ending. */
async function assertEnded(caller: Caller, realm: string, tokens: Tokens, userinfo: string, refresh: string) {
  assertChallenge(await caller.userinfo(tokens.access_token), realm, 401, invalidToken(userinfo));
  assert.deepEqual((await caller.introspect(tokens.access_token)).json, { active: false });
  const hint = { token_type_hint: 'refresh_token' };
  assert.deepEqual((await caller.introspect(tokens.refresh_token, hint)).json, { active: false });
  assertFault(await caller.refresh(tokens.refresh_token), 400, 'invalid_grant', refresh);
}

const ENDINGS: Record<string, { case: LifespanCase; scope?: string; userinfo: string; refresh: string }> = {
  'an idle session ends, and an access token that is still good with it': {
    case: { realm: { accessTokenLifespan: 60, ssoSessionIdleTimeout: 2 } },
    userinfo: GONE,
    refresh: 'Token is not active',
  },
  'a session ends after its longest life': {
    case: { realm: { accessTokenLifespan: 60, ssoSessionMaxLifespan: 2 } },
    userinfo: OVER,
    refresh: 'Token is not active',
  },
  'an idle client is out of the session': {
    case: { realm: { accessTokenLifespan: 60 }, client: { 'client.session.idle.timeout': '2' } },
    userinfo: GONE,
    refresh: 'Token is not active',
  },
  'a client is out of the session after its longest time': {
    case: { realm: { accessTokenLifespan: 60 }, client: { 'client.session.max.lifespan': '2' } },
    userinfo: OVER,
    refresh: 'Token is not active',
  },
  'an idle offline session ends': {
    case: { realm: { accessTokenLifespan: 60, offlineSessionIdleTimeout: 2 } },
    scope: 'openid offline_access',
    userinfo: GONE,
    refresh: 'Offline user session not found',
  },
  'an offline session ends after its longest life': {
    case: {
      realm: {
        accessTokenLifespan: 60,
        offlineSessionMaxLifespanEnabled: true,
        offlineSessionMaxLifespan: 2,
      },
    },
    scope: 'openid offline_access',
    userinfo: OVER,
    refresh: 'Token is not active',
  },
};

const rows: [string, Behaviours[string]][] = Object.entries(LIFESPAN_CASES).map(([title, expected]) => [
  title,
  ({ withRealm }) => withRealm(changeOf(expected), (caller) => assertCase(caller, expected)),
]);

const endings: [string, Behaviours[string]][] = Object.entries(ENDINGS).map(([title, ending]) => [
  title,
  ({ withRealm }) =>
    withRealm(changeOf(ending.case), async (caller, realm) => {
      const tokens = await caller.login({ scope: ending.scope ?? 'openid' });
      await realm.pass(3);
      await assertEnded(caller, realm.name, tokens, ending.userinfo, ending.refresh);
    }),
]);

export const lifespansGroup: Behaviours = {
  ...Object.fromEntries([...rows, ...endings]),
  'a session in use does not end, and userinfo is no use': async ({ withRealm }) => {
    await withRealm(changeOf({ realm: { ssoSessionIdleTimeout: 8 } }), async (caller, realm) => {
      let { access_token, refresh_token } = await caller.login();
      for (let round = 0; round < 3; round += 1) {
        await realm.pass(3);
        const answer = await caller.refresh(refresh_token);
        assertSeconds(answer.json.refresh_expires_in, 8, 'refresh_expires_in');
        ({ access_token, refresh_token } = answer.json as Tokens);
      }
      await realm.pass(4);
      assert.equal((await caller.userinfo(access_token)).status, 200);
      await realm.pass(5);
      assertChallenge(await caller.userinfo(access_token), realm.name, 401, invalidToken(GONE));
    });
  },
  'a session does not get longer than its longest life by a refresh': async ({ withRealm }) => {
    const settings = { accessTokenLifespan: 98, ssoSessionMaxLifespan: 100 };
    await withRealm(changeOf({ realm: settings }), async (caller, realm) => {
      const { refresh_token } = await caller.login();
      await realm.pass(4);
      assertLifespans(await caller.refresh(refresh_token), 96, 96);
    });
  },
  'a client whose time is over gets a new one from the same sign-in': async ({ withRealm }) => {
    const short: LifespanCase = { client: { 'client.session.max.lifespan': '6' } };
    await withRealm(changeOf(short), async (caller, realm) => {
      const browser = createBrowser(caller);
      assertLifespans(await signIn(caller, {}, browser), 6, 6);
      await realm.pass(7);
      assertLifespans(await exchange(caller, await browser.open({ prompt: 'none' })), 6, 6);
    });
  },
  'an offline token outlives the sign-in it came from': async ({ withRealm }) => {
    const short: LifespanCase = { realm: { ssoSessionIdleTimeout: 5, ssoSessionMaxLifespan: 5 } };
    await withRealm(changeOf(short), async (caller, realm) => {
      const browser = createBrowser(caller);
      const back = await browser.signIn({ scope: 'openid offline_access' });
      const tokens = (await exchange(caller, back)).json as Tokens;
      await realm.pass(6);
      assert.equal((await caller.userinfo(tokens.access_token)).status, 200);
      assert.equal((await caller.refresh(tokens.refresh_token)).status, 200);
      const again = new URL((await browser.open({ prompt: 'none' })).headers.get('location') ?? '');
      assert.equal(again.searchParams.get('error'), 'login_required');
    });
  },
  'the login page offers to remember, where the realm does it, and the cookie lasts': async ({
    withRealm,
  }) => {
    const settings = { rememberMe: true, ssoSessionMaxLifespanRememberMe: 50_000 };
    await withRealm(changeOf({ realm: settings }), async (caller) => {
      const browser = createBrowser(caller);
      const page = await browser.open();
      assert.match(page.text, /<input[^>]*name="rememberMe"/);
      const answer = await browser.submit(page, { ...ABDULLAH, rememberMe: 'on' });
      const identity = answer.headers.getSetCookie().find((line) => line.startsWith('KEYCLOAK_IDENTITY='));
      assert.match(identity ?? '', /;\s?Max-Age=50000;/);
    });
    await withRealm(
      () => {},
      async (caller) => {
        const browser = createBrowser(caller);
        const page = await browser.open();
        assert.doesNotMatch(page.text, /name="rememberMe"/);
        const answer = await browser.submit(page, { ...ABDULLAH, rememberMe: 'on' });
        const identity = answer.headers.getSetCookie().find((line) => line.startsWith('KEYCLOAK_IDENTITY='));
        assert.doesNotMatch(identity ?? 'none', /Max-Age|^none$/);
      },
    );
  },
};
