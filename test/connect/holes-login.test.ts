import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openRawClient } from '../support/raw-client.ts';
import { hole } from './both.ts';
import { openBrowser } from './browser.ts';
import { type Make, startApp } from './connect-app.ts';

/** Everything is protected; a page says who is signed in. */
function startPages(t: TestContext, make: Make) {
  return startApp(t, {
    make,
    routes: (app, keycloak) =>
      app.use(keycloak.protect(), (request, response) => {
        const { kauth } = request as never as {
          kauth: { grant: { access_token: { content: { preferred_username: string } } } };
        };
        response.send(kauth.grant.access_token.content.preferred_username);
      }),
  });
}

hole("somebody else's code signs the victim in", { open: 'sara', closed: 'nobody' }, async (t, make) => {
  const { url } = await startPages(t, make);
  const [attacker, victim] = [openBrowser(), openBrowser()];
  const begun = await attacker.visit(`${url}/page`);
  const address = await attacker.signInAt(begun.headers.get('location') ?? '', 'sara');
  // The victim has opened a page before, as people do.
  await victim.visit(`${url}/page`);
  await victim.visit(address);
  const page = await victim.visit(`${url}/page`);
  return page.status === 200 ? page.text() : 'nobody';
});

hole(
  'a login has no PKCE, and no nonce',
  { open: [null, null], closed: ['S256', 43] } as { open: unknown; closed: unknown },
  async (t, make) => {
    const { url } = await startPages(t, make);
    const begun = await openBrowser().visit(`${url}/page`);
    const { searchParams } = new URL(begun.headers.get('location') ?? '');
    return [searchParams.get('code_challenge_method'), searchParams.get('nonce')?.length ?? null];
  },
);

hole('a login keeps the session id that others may know', { open: true, closed: false }, async (t, make) => {
  const { url } = await startPages(t, make);
  const browser = openBrowser();
  // express-session keeps what has something in it: the address that is asked for.
  await browser.visit(`${url}/page`);
  const before = browser.cookie(url, 'connect.sid');
  assert.notEqual(before, undefined);
  await browser.signIn(`${url}/page`);
  assert.equal((await browser.visit(`${url}/page`)).status, 200);
  return browser.cookie(url, 'connect.sid') === before;
});

hole('a login at //host leads to that host', { open: '//evil.example/', closed: '/' }, async (t, make) => {
  const { url } = await startPages(t, make);
  const answer = await openBrowser().signIn(`${url}//evil.example/`);
  return (answer.headers.get('location') ?? '').replace(/\?.*/, '');
});

hole(
  'a login begins for the first of two hosts, whichever a proxy in front has looked at',
  { open: 'http://evil.example/page?auth_callback=1', closed: 'http:///page?auth_callback=1' },
  async (t, make) => {
    const { url } = await startPages(t, make);
    const client = await openRawClient(url);
    const { host } = new URL(url);
    client.socket.write(
      `GET /page HTTP/1.1\r\nHost: evil.example\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    await client.ended;
    const location = /\r\nlocation: (.*)\r\n/i.exec(client.received())?.[1] ?? '';
    return new URL(location).searchParams.get('redirect_uri') ?? '';
  },
);

hole('what Keycloak says of itself stays in the address', { open: true, closed: false }, async (t, make) => {
  const { url } = await startPages(t, make);
  const answer = await openBrowser().signIn(`${url}/page?a=1`);
  const location = answer.headers.get('location') ?? '';
  assert.match(location, /^\/page\?a=1/);
  return location.includes('iss=');
});

hole('the answer of another issuer is taken', { open: 302, closed: 403 }, async (t, make) => {
  const { url } = await startPages(t, make);
  const browser = openBrowser();
  const begun = await browser.visit(`${url}/page`);
  const address = new URL(await browser.signInAt(begun.headers.get('location') ?? ''));
  address.searchParams.set('iss', 'https://another.example/realms/testing');
  return (await browser.visit(address.href)).status;
});

hole('a logout with a bearer token breaks', { open: 500, closed: 302 }, async (t, make) => {
  const { url, idp } = await startPages(t, make);
  const token = await idp.issueToken({ username: 'abdullah', clientId: 'fastapi-keycloak' });
  const answer = await fetch(`${url}/logout`, {
    headers: { authorization: `Bearer ${token}` },
    redirect: 'manual',
  });
  return answer.status;
});

for (const [how, headers] of [
  ['a link', { 'sec-fetch-site': 'cross-site' }],
  ['a link on plain http', { referer: 'http://another.example/page' }],
] as const) {
  hole(`${how} of another site signs people out`, { open: 302, closed: 200 }, async (t, make) => {
    const { url } = await startPages(t, make);
    const browser = openBrowser();
    await browser.signIn(`${url}/page`);
    const asked = await browser.visit(`${url}/logout?redirect_url=%22%3E%3Cscript%3E`, { headers });
    if (make === 'drop-in') {
      const page = await asked.text();
      assert.match(page, /href="\/logout\?redirect_url=%22%3E%3Cscript%3E"/);
      assert.equal(asked.headers.get('x-frame-options'), 'DENY');
    }
    const still = await browser.visit(`${url}/page`);
    // A click on the page that asks.
    const own = await browser.visit(`${url}/logout`, { headers: { 'sec-fetch-site': 'same-origin' } });
    assert.equal(own.status, 302);
    return still.status;
  });
}
