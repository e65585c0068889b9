import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hole } from './both.ts';
import { CLIENT, type ConnectApp, type Make, startApp, tokenOf } from './connect-app.ts';

/** An application behind a proxy that ends TLS, with its grants in a cookie. */
function startShop(t: TestContext, make: Make): Promise<ConnectApp> {
  return startApp(t, {
    make,
    options: { cookies: true },
    routes(app, keycloak) {
      app.set('trust proxy', true);
      app.use('/open', keycloak.checkSso(), (_request, response) => void response.send('open'));
      app.use(keycloak.protect(), (_request, response) => void response.send('in'));
    },
  });
}

const HTTPS = { 'x-forwarded-proto': 'https' };
const cookieOf = (token: string, name = 'keycloak-token') =>
  `${name}=${encodeURIComponent(JSON.stringify({ access_token: token }))}`;

hole('with cookies, a sibling domain plants its own session', { open: 200, closed: 302 }, async (t, make) => {
  const { url, idp } = await startShop(t, make);
  const headers = { ...HTTPS, cookie: cookieOf(await tokenOf(idp, 'sara')) };
  return (await fetch(`${url}/page`, { headers, redirect: 'manual' })).status;
});

for (const [who, headers] of [
  ['a sibling domain', { 'sec-fetch-site': 'same-site', origin: 'https://evil.example.com' }],
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['a page of an older browser', { origin: 'http://evil.example' }],
] as const) {
  hole(`with cookies, ${who} posts as the caller`, { open: 200, closed: 403 }, async (t, make) => {
    const { url, idp } = await startShop(t, make);
    const cookie = cookieOf(await tokenOf(idp));
    const post = (more: object, path = '/page') =>
      fetch(`${url}${path}`, { method: 'POST', headers: { cookie, ...more }, redirect: 'manual' });
    assert.equal((await post({ 'sec-fetch-site': 'same-origin' })).status, 200);
    assert.equal((await post({ origin: url })).status, 200);
    // A link; a script would name its origin.
    const { origin: _, ...link } = { ...headers, cookie };
    assert.equal((await fetch(`${url}/page`, { headers: link })).status, 200);
    assert.equal((await post(headers, '/open')).status, 200);
    return (await post(headers)).status;
  });
}

test('with cookies, a request with a bearer token may come from any page', async (t) => {
  const { url, idp } = await startShop(t, 'drop-in');
  const token = await tokenOf(idp);
  const headers = {
    authorization: `Bearer ${token}`,
    cookie: cookieOf(token),
    'sec-fetch-site': 'cross-site',
  };
  assert.equal((await fetch(`${url}/page`, { method: 'POST', headers })).status, 200);
});

test('on https, a cookie that a sibling domain can set signs nobody in, however old its token is', async (t) => {
  const { url, idp } = await startShop(t, 'drop-in');
  const old = await idp.issueToken({
    ...{ username: 'sara', clientId: CLIENT },
    claims: { iat: Math.floor(performance.timeOrigin / 1000) - 1 },
  });
  const planted = await fetch(`${url}/page`, {
    headers: { ...HTTPS, cookie: cookieOf(old) },
    redirect: 'manual',
  });
  assert.equal(planted.status, 302);
  assert.doesNotMatch(planted.headers.getSetCookie().join(), /keycloak-token/);
  const cookie = cookieOf(await tokenOf(idp), '__Host-keycloak-token');
  const both = await fetch(`${url}/page`, { headers: { ...HTTPS, cookie: `${cookieOf(old)}; ${cookie}` } });
  assert.equal(both.status, 200);
});
