import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import express from 'express';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { signIn } from '../../packages/testing/src/index.ts';
import { listen } from '../adapters/listen.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const SARA = { username: 'sara', password: 'Test#123456' };

/** An application with sessions, a page for all and a page for those who are signed in. */
async function start(t: TestContext, clientSecret = 'for-development-only') {
  const idp = await startTestIdp();
  idp.updateClient('fastapi-keycloak', { redirectUris: ['http://127.0.0.1/*'] });
  const kc = keycloak({
    ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', onNotice: false },
    clientSecret,
  });
  const app = express();
  app.use(kc.session({ secret: 'for-tests-only-for-tests-only-for-tests-only' }));
  app.get('/', (_, response) => void response.send('everybody'));
  app.get(
    '/me',
    kc.guard(),
    (request, response) => void response.send(`hello ${request.principal?.username}`),
  );
  const running = await listen(createServer(app), () => kc.close());
  t.after(() => Promise.all([running.close(), idp.close()]));
  return { idp, url: running.url };
}

describe('a sign-in without a browser', () => {
  test('comes back to the page, and what is called afterwards has its cookies', async (t) => {
    const { idp, url } = await start(t);
    const sara = await signIn(`${url}/me?tab=1`, SARA);
    assert.equal(sara.url, `${url}/me?tab=1`);
    assert.equal(await sara.response.text(), 'hello sara');
    assert.equal(await (await sara.fetch(`${url}/me`)).text(), 'hello sara');
    const header = { headers: { cookie: sara.cookie(url) } };
    assert.equal(await (await fetch(`${url}/me`, header)).text(), 'hello sara');
    const signOut = await sara.fetch(`${url}/auth/logout`, { method: 'POST', headers: { origin: url } });
    assert.equal(signOut.status, 303);
    assert.equal((await sara.fetch(`${url}/me`)).status, 401);
    await idp.logoutUser('sara');
    assert.equal(await (await sara.open(`${url}/me`)).response.text(), 'hello sara');
  });

  test('that fails says what the last page says', async (t) => {
    const { url: wrong } = await start(t, 'another-secret');
    await assert.rejects(signIn(`${wrong}/me`, SARA), { message: /led sara to .*\/auth\/callback: 50\d/ });
    const { idp, url } = await start(t);
    await assert.rejects(signIn(`${url}/me`, { ...SARA, password: 'no' }), {
      message: /\/me led sara to http:.*\/openid-connect\/auth.*: 200 .*Invalid username or password/,
    });
    idp.disableUser('sara');
    await assert.rejects(signIn(`${url}/me`, SARA), { message: /: [24]00 .*Account is disabled/ });
    await assert.rejects(signIn(`${url}/`, SARA), { message: /\/ asked nobody to sign in: 200 everybody$/ });
    idp.updateClient('fastapi-keycloak', { redirectUris: [] });
    t.mock.method(console, 'warn', () => {});
    await assert.rejects(signIn(`${url}/me`, SARA), { message: /: 400 .*Invalid parameter: redirect_uri/ });
  });
});
