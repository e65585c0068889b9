import assert from 'node:assert/strict';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { request as send } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { hole } from './both.ts';
import { openBrowser } from './browser.ts';
import { bearer, CLIENT, type Make, sharedIdp, startApp } from './connect-app.ts';

const now = () => Math.floor(Date.now() / 1000);

async function start(t: TestContext, make: Make) {
  const idp = await sharedIdp();
  const app = await startApp(t, {
    make,
    idp,
    options: { onNotice: false },
    routes: (app, keycloak) =>
      app.get('/', keycloak.protect(), (_request, response) => void response.send('in')),
  });
  const push = async (path: string, claims: object) =>
    post(`${app.url}${path}`, await createPush(idp, claims), patienceOf(make));
  return { ...app, push };
}

async function createPush(idp: DevIdp, claims: object): Promise<string> {
  const certs = await fetch(`${idp.issuer}/protocol/openid-connect/certs`);
  const { keys } = (await certs.json()) as { keys: { kid: string; alg: string }[] };
  const kid = keys.find(({ alg }) => alg === 'RS256')?.kid;
  const jwk = idp.exportKeys().signing.find(({ alg }) => alg === 'RS256');
  const key = createPrivateKey({ key: jwk as never, format: 'jwk' });
  const encode = (object: object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const push = { id: randomUUID(), expiration: now() + 30, resource: CLIENT, notBefore: 0, ...claims };
  const input = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode(push)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

/** So long the original is waited for, which never answers. The drop-in answers by then, on a machine that is busy too. */
const patienceOf = (make: Make) => (make === 'original' ? 1_500 : 10_000);

/** Its status, or that none came in time. */
async function post(url: string, body: string, timeMs: number): Promise<number | 'no answer'> {
  const call = fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
  call.catch(() => {});
  return Promise.race([
    call.then(({ status }) => status),
    sleep(timeMs, 'no answer' as const, { ref: false }),
  ]);
}

hole('a push for another client is taken', { open: 200, closed: 400 } as Outcome, async (t, make) => {
  const { push } = await start(t, make);
  return push('/k_push_not_before', {
    action: 'PUSH_NOT_BEFORE',
    resource: 'other-service',
    notBefore: now(),
  });
});

hole('a push that has expired is taken', { open: 200, closed: 400 } as Outcome, async (t, make) => {
  const { push } = await start(t, make);
  return push('/k_logout', { action: 'LOGOUT', expiration: now() - 60 });
});

hole(
  'a push of another action is never answered',
  { open: 'no answer', closed: 400 } as Outcome,
  async (t, make) => {
    const { push } = await start(t, make);
    return push('/k_push_not_before', { action: 'LOGOUT' });
  },
);

hole('the body of a push has no limit', { open: 'no answer', closed: 400 } as Outcome, async (t, make) => {
  const { url } = await start(t, make);
  return new Promise((resolve, reject) => {
    const request = send(`${url}/k_logout`, { method: 'POST' }, ({ statusCode }) =>
      resolve(statusCode as number),
    );
    request.on('error', reject);
    // One that goes on for ever; this much of it is there.
    request.write('x'.repeat(1_000_000));
    setTimeout(() => resolve('no answer'), patienceOf(make)).unref();
    t.after(() => request.destroy());
  });
});

type Outcome = { open: number | 'no answer'; closed: number | 'no answer' };

test('a push with a not-before makes older tokens bad, and newer ones not', async (t) => {
  const { url, idp, push } = await start(t, 'drop-in');
  const token = await idp.issueToken({ username: 'abdullah', clientId: CLIENT });
  assert.equal((await fetch(url, bearer(token))).status, 200);
  await sleep(1_100);
  assert.equal(await push('/k_push_not_before', { action: 'PUSH_NOT_BEFORE', notBefore: now() }), 200);
  assert.equal((await fetch(url, bearer(token))).status, 401);
  assert.equal(
    (await fetch(url, bearer(await idp.issueToken({ username: 'abdullah', clientId: CLIENT })))).status,
    200,
  );
});

test('a push with a session takes the tokens out of it, by the id that Keycloak was told at login', async (t) => {
  const { url, push, store } = await start(t, 'drop-in');
  const browser = openBrowser();
  await browser.signIn(`${url}/`);
  assert.equal((await browser.visit(`${url}/`)).status, 200);
  const ids = Object.keys((store as never as { sessions: object }).sessions);
  assert.equal(
    await push('/k_logout', { action: 'LOGOUT', adapterSessionIds: ids, keycloakSessionIds: [] }),
    200,
  );
  assert.equal((await browser.visit(`${url}/`)).status, 302);
});
