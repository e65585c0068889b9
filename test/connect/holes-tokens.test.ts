import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Grant } from '../../packages/connect/src/index.ts';
import { hole } from './both.ts';
import { openBrowser, PASSWORD } from './browser.ts';
import { bearer, CLIENT, logIn, type Make, SECRET, startApp, startIdp, tokenOf } from './connect-app.ts';

const open = (
  app: import('express').Express,
  keycloak: import('../../packages/connect/src/index.ts').Keycloak,
) => app.get('/', keycloak.protect(), (_request, response) => void response.send('in'));

hole('a token for another client of the realm is taken', { open: 200, closed: 401 }, async (t, make) => {
  const { url, idp } = await startApp(t, { make, bearerOnly: true, routes: open });
  return (await fetch(url, bearer(await tokenOf(idp, 'abdullah', 'other-service')))).status;
});

hole(
  'who brings no token gets 403 without a challenge',
  { open: [403, null], closed: [401, 'Bearer'] } as { open: unknown; closed: unknown },
  async (t, make) => {
    const { url } = await startApp(t, { make, bearerOnly: true, routes: open });
    const answer = await fetch(url);
    return [answer.status, answer.headers.get('www-authenticate')];
  },
);

hole('a call to Keycloak has no time limit', { open: 'waits', closed: 'gave up' }, async (t, make) => {
  const idp = await startIdp(t);
  const { keycloak } = await startApp(t, { make, idp, options: { timeoutMs: 300 }, routes: open });
  idp.answerSlowly(Number.POSITIVE_INFINITY, 'token');
  const call = keycloak.grantManager.obtainDirectly('abdullah', PASSWORD).then(
    () => 'answered',
    () => 'gave up',
  );
  return Promise.race([call, sleep(make === 'original' ? 1_500 : 10_000, 'waits', { ref: false })]);
});

hole(
  'a token that is signed with ES256 is refused',
  { open: 403, closed: 200 },
  async (t: TestContext, make: Make) => {
    const idp = await startIdp(t);
    idp.updateRealm({ defaultSignatureAlgorithm: 'ES256' });
    const { url } = await startApp(t, { make, idp, bearerOnly: true, routes: open });
    return (await fetch(url, bearer(await logIn(idp.url)))).status;
  },
);

hole(
  'of five requests after expiry, with refresh tokens that are good once, one passes',
  { open: 'not all', closed: 'all, with one refresh' },
  async (t, make) => {
    const idp = await startIdp(t);
    idp.updateRealm({ revokeRefreshToken: true, refreshTokenMaxReuse: 0 });
    const { url } = await startApp(t, { make, idp, routes: open, options: { onNotice: false } });
    const browser = openBrowser();
    idp.updateRealm({ accessTokenLifespan: 2 });
    await browser.signIn(`${url}/`);
    idp.updateRealm({ accessTokenLifespan: 300 });
    await sleep(2_200);
    idp.resetRequests();
    const answers = await Promise.all(Array.from({ length: 5 }, () => browser.visit(`${url}/`)));
    const passed = answers.filter(({ status }) => status === 200).length;
    if (passed < 5) return 'not all';
    return `all, with ${idp.requests.token === 1 ? 'one refresh' : `${idp.requests.token} refreshes`}`;
  },
);

test('a request that comes later with the session of before the refresh gets the tokens of that refresh', async (t) => {
  const idp = await startIdp(t);
  idp.updateRealm({ revokeRefreshToken: true, refreshTokenMaxReuse: 0, accessTokenLifespan: 1 });
  const { keycloak } = await startApp(t, { idp, routes: open });
  const grant = await keycloak.grantManager.obtainDirectly('abdullah', PASSWORD);
  const kept = grant.toString();
  await sleep(1_100);
  // What is renewed must not be over before it is looked at, on a machine that is busy.
  idp.updateRealm({ accessTokenLifespan: 300 });
  idp.resetRequests();
  const first = await keycloak.grantManager.createGrant(kept);
  const second = await keycloak.grantManager.createGrant(kept);
  assert.equal(first.access_token?.token, second.access_token?.token);
  assert.notEqual(first, second);
  assert.equal(idp.requests.token, 1);
});

hole(
  'the cookie of tokens is open to scripts and to other sites',
  { open: { HttpOnly: false, SameSite: false }, closed: { HttpOnly: true, SameSite: true } },
  async (t, make) => {
    const { url, keycloak } = await startApp(t, {
      make,
      options: { cookies: true },
      routes: (app, keycloak) =>
        app.post('/', (request, response, next) => {
          keycloak.grantManager
            .obtainDirectly('abdullah', PASSWORD)
            .then((grant) => keycloak.storeGrant(grant, request, response))
            .then(() => response.send('kept'), next);
        }),
    });
    assert.equal(keycloak.stores.length, 2);
    const [cookie = ''] = (await fetch(url, { method: 'POST' })).headers.getSetCookie();
    assert.match(cookie, /^keycloak-token=/);
    return { HttpOnly: /; HttpOnly/i.test(cookie), SameSite: /; SameSite=Lax/i.test(cookie) };
  },
);

hole(
  'with the tokens in a cookie, an own access token beside somebody else’s ID token passes for that somebody',
  { open: '200 sara', closed: '302' },
  async (t, make) => {
    const { url, idp } = await startApp(t, {
      ...{ make, options: { cookies: true } },
      routes: (app, keycloak) =>
        app.get('/', keycloak.protect(), (request, response) => {
          const { grant } = (request as never as { kauth: { grant: Grant } }).kauth;
          response.send(grant.id_token?.content.preferred_username);
        }),
    });
    const tokensOf = async (username: string) => {
      const form = { grant_type: 'password', client_id: CLIENT, client_secret: SECRET, scope: 'openid' };
      const answer = await fetch(`${idp.url}/realms/testing/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams({ ...form, username, password: PASSWORD }),
      });
      return (await answer.json()) as { access_token: string; id_token: string };
    };
    const { access_token } = await tokensOf('abdullah');
    const { id_token } = await tokensOf('sara');
    const cookie = `keycloak-token=${encodeURIComponent(JSON.stringify({ access_token, id_token }))}`;
    const answer = await fetch(url, { headers: { cookie }, redirect: 'manual' });
    return `${answer.status} ${answer.status === 200 ? await answer.text() : ''}`.trim();
  },
);
