// Real tokens, from a provider in this process that answers as Keycloak does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { buildApp } from '../src/app.ts';
import { ask } from './ask.ts';

let idp: DevIdp;
let app: Awaited<ReturnType<typeof buildApp>>;

before(async () => {
  idp = await startDevIdp({ realmFile: 'realm.json' });
  app = await buildApp({
    keycloak: { serverUrl: idp.url, realm: idp.realm, clientId: 'my-app', clientSecret: 'of-these-tests' },
    // #if browser
    session: { secret: 'of-these-tests-0123456789abcdefgh', publicUrl: 'http://localhost:3000' },
    // #endif
    // #if spa
    webOrigin: 'http://localhost:5173',
    // #endif
  });
});
after(() => idp.close());

/** Asks with a token of this user. */
async function askAs(username: string, path: string) {
  const token = await idp.issueToken({ username, clientId: 'my-app' });
  return ask(app, path, { authorization: `Bearer ${token}` });
}

test('the start is public', async () => {
  assert.equal((await ask(app, '/')).status, 200);
});

test('a program without a token gets 401', async () => {
  const answer = await ask(app, '/me');
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
});

test('a token names the caller', async () => {
  const answer = await askAs('ann', '/me');
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { hello: 'ann' });
});

test('only administrators see the page for administrators', async () => {
  assert.equal((await askAs('ann', '/admin')).status, 403);
  assert.equal((await askAs('ada', '/admin')).status, 200);
});

test('it is ready, as load balancers ask', async () => {
  assert.equal((await ask(app, '/health/ready')).status, 200);
});
// #if browser

test('a browser is sent to the sign-in page of Keycloak', async () => {
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const answer = await ask(app, '/me', page);
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get('location') ?? '', /^\/auth\/login\?|\/protocol\/openid-connect\/auth\?/);
});
// #endif
// #if spa

test('the page may call the API from its own origin, and no other page may', async () => {
  const own = await ask(app, '/', { origin: 'http://localhost:5173' });
  assert.equal(own.headers.get('access-control-allow-origin'), 'http://localhost:5173');
  const other = await ask(app, '/', { origin: 'https://evil.example' });
  assert.notEqual(other.headers.get('access-control-allow-origin'), 'https://evil.example');
});
// #endif
