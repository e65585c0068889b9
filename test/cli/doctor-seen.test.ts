import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SPA_CHECKS } from '../../packages/cli/src/doctor/checks/client/browser-login.ts';
import {
  CLIENT_SETTINGS_CHECKS,
  GRANT_CHECKS,
} from '../../packages/cli/src/doctor/checks/client/settings.ts';
import { SESSION_CHECKS, USERINFO_CHECKS } from '../../packages/cli/src/doctor/checks/login/session.ts';
import { REALM_CHECKS } from '../../packages/cli/src/doctor/checks/realm.ts';
import {
  aboutLogin,
  answer,
  askDoctor,
  FULL,
  NOW,
  page,
  refused,
  STALE,
  tokenOf,
} from './support/ask-doctor.ts';

// What the doctor has seen, in what order it asks, and that it asks nothing twice.

test('a list that was seen is shown whole, and an empty one is none', async () => {
  const keys = (...algs: string[]) =>
    askDoctor(REALM_CHECKS, 'keys.signing', {
      reach: {
        realm: { certs: async () => answer(200, { keys: algs.map((alg) => ({ alg, kty: 'RSA' })) }) },
      },
    });
  assert.equal((await keys()).seen, 'signing keys: none');
  assert.equal((await keys('HS256', 'HS512')).seen, 'signing keys: HS256, HS512');

  const uris = (text: string) =>
    askDoctor(CLIENT_SETTINGS_CHECKS, 'client.post-logout-uris', {
      reach: { admin: { client: async () => ({ attributes: { 'post.logout.redirect.uris': text } }) } },
    });
  assert.equal((await uris('')).seen, 'none');
  assert.equal((await uris('https://a.test/##https://b.test/')).seen, 'https://a.test/, https://b.test/');

  const audience = (claims: object) =>
    askDoctor(SPA_CHECKS, 'spa.audience', {
      reach: { config: {} },
      spa: { clientId: 'page', origin: 'https://app.shop.test', exampleClaims: async () => claims },
    });
  assert.equal((await audience({})).seen, 'aud none');
  const other = await audience({ aud: ['a', 'b'] });
  assert.equal(other.seen, 'aud a, b');
  assert.match(other.fix, /Included Client Audience = api/);

  const scopes = (words: string) =>
    askDoctor(GRANT_CHECKS, 'client.scopes', {
      reach: { client: { scopes: async () => refused('invalid_scope', words, 400) } },
    });
  assert.match((await scopes('Invalid scopes: openid email')).cause, /\(refused: openid email\)$/);
  assert.match((await scopes('no')).cause, /\(refused: openid profile email\)$/);
});

test('a realm of that name is not looked for again', async () => {
  const asked: string[] = [];
  await askDoctor(REALM_CHECKS, 'realm.exists', {
    reach: {
      caller: { realm: 'shop', clientId: 'api', serverUrl: 'https://sso.shop.test', timeoutMs: 1000 },
      realm: { server: async () => ({ answer: answer(404, { error: 'Realm does not exist' }) }) },
      calls: {
        get: async (url: string) => {
          asked.push(url.slice(url.lastIndexOf('/') + 1));
          return answer(404);
        },
      },
    },
  });
  assert.deepEqual(asked, ['Shop', 'SHOP']);
});

test('the discovery document is read where it is JSON with an address, and else what came is told', async () => {
  const of = (given: object) =>
    askDoctor(REALM_CHECKS, 'issuer.discovery', { reach: { realm: { discovery: async () => given } } });
  for (const given of [
    answer(404, { issuer: 'https://sso.shop.test/realms/shop' }),
    answer(200, { issuer: 7 }),
    answer(200, { issuer: 'shop' }),
    answer(200, {}),
  ]) {
    const { status, cause } = await of(given);
    assert.deepEqual([status, cause], ['fail', 'the discovery document of the realm cannot be read']);
  }
  assert.match(
    (await of({ ...page(502, '<h1>Bad gateway</h1>'), headers: new Headers() })).cause,
    /^the discovery document of the realm cannot be read: a proxy/,
  );
});

test('what a login opened is looked at before its refresh token is used, and that before the logout', async () => {
  const of = async (id: string) => {
    const ends: string[] = [];
    const slow = (name: string, given: object) => async () => {
      await new Promise(setImmediate);
      ends.push(name);
      return given;
    };
    const login = {
      login: async () => answer(200, { refresh_token: 'r' }),
      userinfo: slow('userinfo', answer(200, { sub: 'u' })),
      introspection: slow('introspection', answer(200, { active: true })),
      refresh: slow('refresh', answer(200, { access_token: 'x' })),
      logout: slow('logout', answer(204)),
      userinfoAfterLogout: slow('userinfo again', answer(401)),
      token: async () => tokenOf(FULL),
    };
    assert.equal((await askDoctor(SESSION_CHECKS, id, { reach: { login } })).status, 'ok');
    return ends;
  };
  assert.deepEqual(await of('login.refresh'), ['userinfo', 'introspection', 'refresh']);
  assert.deepEqual(await of('login.logout'), ['userinfo', 'refresh', 'logout', 'userinfo again']);
});

test('a logout is slow above four times what the rest takes, and two seconds', async () => {
  const { words } = aboutLogin(SESSION_CHECKS);
  for (const [logout, userinfo, isSlow] of [
    [4_100, 1_000, true],
    [4_000, 1_000, false],
    [2_001, 500, true],
    [2_000, 100, false],
  ] as const) {
    const given = {
      logout: { ...answer(204), tookMs: logout },
      userinfo: { ...answer(200, { sub: 'u' }), tookMs: userinfo },
    };
    assert.equal(/^warn/.test(await words('login.logout', FULL, given)), isSlow, `${logout} ${userinfo}`);
  }
});

test('tokens that are revoked until a time in the future: the time is told', async () => {
  const { words } = aboutLogin(USERINFO_CHECKS);
  const client = { clientCredentials: async () => answer(200, { 'not-before-policy': NOW + 60 }) };
  const until = new Date((NOW + 60) * 1000).toISOString();
  assert.ok(
    (await words('login.userinfo', FULL, { userinfo: STALE }, { client })).includes(`until ${until} `),
  );
});

test('the token endpoint gives no token with a success, or one to a user who is not there', async () => {
  const of = (grant: object) =>
    askDoctor(GRANT_CHECKS, 'client.password-grant', {
      reach: { client: { passwordGrant: async () => grant } },
    });
  assert.match((await of(answer(200, {}))).cause, /answers the token endpoint with HTTP 200, and no token/);
  assert.match(
    (await of(answer(200, { access_token: 'x' }))).seen,
    /^a user who does not exist was logged in/,
  );
  assert.doesNotMatch((await of(answer(400, { error: 'x' }))).cause, /HTTP 200/);
});
