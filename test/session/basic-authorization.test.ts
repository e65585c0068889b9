import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { before, describe, test } from 'node:test';
import { afterAll } from '../support/after-all.ts';
import { openBrowser } from './browser.ts';
import { buildSessionApp } from './session-app.ts';

// What a browser sends on every request where a proxy in front asks for a name and a password.
const BASIC = { authorization: 'Basic c3RhZ2U6c3RhZ2U=' };

let shared: Awaited<ReturnType<typeof buildSessionApp>>;

async function setUp() {
  const browser = openBrowser(shared.app);
  await browser.signIn();
  return { ...shared, browser };
}

describe('a session and an Authorization header', () => {
  const t = afterAll();
  before(async () => {
    shared = await buildSessionApp(t);
    const { app } = shared;
    app.post('/orders', { onRequest: app.guard() }, () => 'ordered');
    app.get('/token', async (request) => String(await app.accessToken(request)));
  });

  test('an Authorization header of another scheme, or an empty one, does not hide a session', async () => {
    const { browser } = await setUp();
    for (const headers of [BASIC, { authorization: '' }, { authorization: 'Negotiate YII=' }]) {
      for (const url of ['/protected', '/optional']) {
        const answer = await browser.app({ url, headers });
        assert.equal(answer.statusCode, 200, `${url} ${headers.authorization}`);
        assert.equal(answer.body, 'abdullah');
      }
    }
  });

  test('without a session a header of another scheme is refused, unless the route is for everybody', async () => {
    const { app } = await setUp();
    const answer = await app.inject({ url: '/protected', headers: BASIC });
    assert.equal(answer.statusCode, 401);
    assert.equal(answer.json().detail, 'Invalid authentication credentials');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    for (const headers of [BASIC, { authorization: '' }]) {
      const optional = await app.inject({ url: '/optional', headers });
      assert.deepEqual([optional.statusCode, optional.body], [200, 'nobody']);
    }
  });

  test('a session behind a header of another scheme is still held against the origin', async () => {
    const { browser } = await setUp();
    const headers = { ...BASIC, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const answer = await browser.app({ method: 'POST', url: '/orders', headers });
    assert.equal(answer.statusCode, 403);
    assert.equal(answer.json().detail, 'Requests from other sites are refused');
  });

  test('a bearer token that is not good, an empty one, and two headers are refused whatever session there is', async () => {
    const { app, browser } = await setUp();
    for (const authorization of ['Bearer x', 'Bearer', 'bearer  ']) {
      const answer = await browser.app({ url: '/protected', headers: { authorization } });
      assert.equal(answer.statusCode, 401, authorization);
    }
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: [BASIC.authorization, 'Bearer x'], cookie: browser.session };
      send({ port, host: '127.0.0.1', path: '/protected', headers: headers as never, agent: false })
        .on('response', (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    assert.equal(status, 400);
  });

  test('the access token is that of the session behind a header of another scheme, and never behind a token', async () => {
    const { browser } = await setUp();
    const answer = await browser.app({ url: '/token', headers: BASIC });
    assert.equal(answer.statusCode, 200);
    assert.match(answer.body, /^eyJ/);
    const own = await browser.app({ url: '/token', headers: { authorization: 'Bearer another' } });
    assert.equal(own.body, 'another');
  });
});
