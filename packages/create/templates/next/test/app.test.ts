// Route handlers are functions. Real tokens, from a provider in this process that answers as Keycloak does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
// #if bearer
import { GET as admin } from '../app/admin/route.ts';
// #endif
import { GET as me } from '../app/me/route.ts';
import { kc } from '../lib/keycloak.ts';

let idp: DevIdp;

// The options are read with the first request, so the environment may come after the imports.
before(async () => {
  idp = await startDevIdp({ realmFile: 'realm.json' });
  Object.assign(process.env, {
    KEYCLOAK_SERVER_URL: idp.url,
    KEYCLOAK_REALM: idp.realm,
    KEYCLOAK_CLIENT_ID: 'my-app',
    KEYCLOAK_CLIENT_SECRET: 'of-these-tests',
    // #if browser
    SESSION_SECRET: 'of-these-tests-0123456789abcdefgh',
    PUBLIC_URL: 'http://localhost:3000',
    // #endif
  });
});
after(async () => {
  await kc.close();
  await idp.close();
});

/** A request with a token of this user. */
async function as(username: string): Promise<Request> {
  const token = await idp.issueToken({ username, clientId: 'my-app' });
  return request({ authorization: `Bearer ${token}` });
}

function request(headers: Record<string, string> = {}): Request {
  return new Request('http://localhost:3000/', { headers });
}

test('a program without a token gets 401', async () => {
  const answer = await me(request());
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
});

test('a token names the caller', async () => {
  const answer = await me(await as('ann'));
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { hello: 'ann' });
});
// #if bearer

test('only administrators see the page for administrators', async () => {
  assert.equal((await admin(await as('ann'))).status, 403);
  assert.equal((await admin(await as('ada'))).status, 200);
});
// #endif
// #if browser

test('a browser is sent to the sign-in page of Keycloak', async () => {
  const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const answer = await me(request(page));
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get('location') ?? '', /\/auth\/login\?|\/protocol\/openid-connect\/auth\?/);
});
// #endif
