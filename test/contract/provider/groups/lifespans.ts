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
import type { Behaviours } from '../suite.ts';
import type { Change } from '../target.ts';

interface Case {
  /** Settings of the realm, and attributes of the client. */
  readonly realm?: Json;
  readonly client?: Record<string, string>;
  /** Seconds that the tokens of each kind of login are good for: access token, then refresh token. */
  readonly password?: readonly [number, number];
  readonly offline?: readonly [number, number | 'no end'];
  readonly service?: number;
  readonly remembered?: readonly [number, number];
}

const LONG = 1_000_000;

const CASES: Record<string, Case> = {
  'what Keycloak comes with': { password: [300, 1800], offline: [300, 'no end'], service: 300 },
  'an access token that outlives the idle time': {
    realm: { accessTokenLifespan: 3600, ssoSessionIdleTimeout: 1800 },
    password: [3600, 1800],
    offline: [3600, 'no end'],
    service: 3600,
  },
  'no access token outlives the longest session, but for an offline one': {
    realm: { accessTokenLifespan: 3600, ssoSessionMaxLifespan: 900 },
    password: [900, 900],
    offline: [3600, 'no end'],
    service: 900,
  },
  'an access token for as long as the session': {
    realm: { accessTokenLifespan: -1, ssoSessionMaxLifespan: 7000 },
    password: [7000, 1800],
    offline: [7000, 'no end'],
    service: 7000,
  },
  'a client’s own access token': {
    client: { 'access.token.lifespan': '77' },
    password: [77, 1800],
    offline: [77, 'no end'],
    service: 77,
  },
  'a client’s own access token, longer than the realm’s and than the idle time': {
    realm: { ssoSessionIdleTimeout: 100 },
    client: { 'access.token.lifespan': '4000' },
    password: [4000, 100],
    service: 4000,
  },
  'a client’s access token for as long as the session': {
    client: { 'access.token.lifespan': '-1' },
    password: [36_000, 1800],
    service: 36_000,
  },
  'a client’s access token of no seconds': {
    client: { 'access.token.lifespan': '0' },
    password: [0, 1800],
    service: 0,
  },
  'clients may be idle for less than the session': {
    realm: { clientSessionIdleTimeout: 500 },
    password: [300, 500],
    service: 300,
  },
  'clients may be in a session for less than it lasts': {
    realm: { accessTokenLifespan: 3600, clientSessionMaxLifespan: 600 },
    password: [600, 600],
    service: 600,
  },
  'one client may be idle for less': {
    client: { 'client.session.idle.timeout': '400' },
    password: [300, 400],
  },
  'one client may be in a session for less': {
    realm: { accessTokenLifespan: 3600 },
    client: { 'client.session.max.lifespan': '450' },
    password: [450, 450],
    service: 450,
  },
  'a client’s own times replace those for clients, longer ones too': {
    realm: { accessTokenLifespan: 3600, clientSessionIdleTimeout: 500, clientSessionMaxLifespan: 600 },
    client: { 'client.session.idle.timeout': '700', 'client.session.max.lifespan': '800' },
    password: [800, 700],
    service: 800,
  },
  'an offline session that ends': {
    realm: {
      accessTokenLifespan: 3600,
      offlineSessionMaxLifespanEnabled: true,
      offlineSessionMaxLifespan: 1000,
    },
    password: [3600, 1800],
    offline: [1000, 1000],
  },
  'an offline session that ends, and before that where it is idle': {
    realm: {
      offlineSessionIdleTimeout: 800,
      offlineSessionMaxLifespanEnabled: true,
      offlineSessionMaxLifespan: 1000,
    },
    offline: [300, 800],
  },
  'an offline token that does not end does not say when it is idle': {
    realm: { offlineSessionIdleTimeout: 800 },
    client: { 'client.offline.session.max.lifespan': '350', 'client.offline.session.idle.timeout': '300' },
    offline: [300, 'no end'],
  },
  'one client’s offline times': {
    realm: { offlineSessionMaxLifespanEnabled: true, offlineSessionMaxLifespan: 1000 },
    client: { 'client.offline.session.max.lifespan': '250', 'client.offline.session.idle.timeout': '200' },
    offline: [250, 200],
  },
  'offline times for all clients': {
    realm: {
      clientOfflineSessionIdleTimeout: 250,
      clientOfflineSessionMaxLifespan: 260,
      offlineSessionMaxLifespanEnabled: true,
      offlineSessionMaxLifespan: 1000,
    },
    offline: [260, 250],
  },
  'who is remembered stays longer': {
    realm: {
      rememberMe: true,
      accessTokenLifespan: LONG,
      ssoSessionIdleTimeoutRememberMe: 5000,
      ssoSessionMaxLifespanRememberMe: 50_000,
    },
    password: [36_000, 1800],
    remembered: [50_000, 5000],
  },
  'who is remembered never stays for less': {
    realm: {
      rememberMe: true,
      accessTokenLifespan: LONG,
      ssoSessionIdleTimeoutRememberMe: 500,
      ssoSessionMaxLifespanRememberMe: 700,
    },
    remembered: [36_000, 1800],
  },
  'an access token for as long as a shorter time to be remembered': {
    realm: { rememberMe: true, accessTokenLifespan: -1, ssoSessionMaxLifespanRememberMe: 700 },
    remembered: [700, 1800],
  },
  'a session for as long as who is remembered stays': {
    realm: { rememberMe: true, accessTokenLifespan: -1, ssoSessionMaxLifespanRememberMe: 50_000 },
    remembered: [50_000, 1800],
  },
  'nobody is remembered where the realm does not do it': {
    realm: { accessTokenLifespan: LONG, ssoSessionMaxLifespanRememberMe: 50_000 },
    remembered: [36_000, 1800],
  },
};

const changeOf =
  ({ realm: settings = {}, client: attributes = {} }: Case): Change =>
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

async function assertCase(caller: Caller, expected: Case): Promise<void> {
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

const ENDINGS: Record<string, { case: Case; scope?: string; userinfo: string; refresh: string }> = {
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

const rows: [string, Behaviours[string]][] = Object.entries(CASES).map(([title, expected]) => [
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
    await withRealm(changeOf({ realm: { ssoSessionIdleTimeout: 5 } }), async (caller, realm) => {
      let { access_token, refresh_token } = await caller.login();
      for (let round = 0; round < 3; round += 1) {
        await realm.pass(2);
        const answer = await caller.refresh(refresh_token);
        assertSeconds(answer.json.refresh_expires_in, 5, 'refresh_expires_in');
        ({ access_token, refresh_token } = answer.json as Tokens);
      }
      await realm.pass(3);
      assert.equal((await caller.userinfo(access_token)).status, 200);
      await realm.pass(3);
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
    const short: Case = { client: { 'client.session.max.lifespan': '4' } };
    await withRealm(changeOf(short), async (caller, realm) => {
      const browser = createBrowser(caller);
      assertLifespans(await signIn(caller, {}, browser), 4, 4);
      await realm.pass(5);
      assertLifespans(await exchange(caller, await browser.open({ prompt: 'none' })), 4, 4);
    });
  },
  'an offline token outlives the sign-in it came from': async ({ withRealm }) => {
    const short: Case = { realm: { ssoSessionIdleTimeout: 2, ssoSessionMaxLifespan: 2 } };
    await withRealm(changeOf(short), async (caller, realm) => {
      const browser = createBrowser(caller);
      const back = await browser.signIn({ scope: 'openid offline_access' });
      const tokens = (await exchange(caller, back)).json as Tokens;
      await realm.pass(3);
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
