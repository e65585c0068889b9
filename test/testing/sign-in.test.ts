import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import express from 'express';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { signIn } from '../../packages/testing/src/index.ts';
import { listen } from '../adapters/listen.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { printAnswers } from '../support/print-answers.ts';

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
  app.post('/orders', kc.guard(), (_request, response) => void response.status(201).end());
  app.get('/slow', () => {});
  app.get('/events', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  });
  app.get('/over', (_request, response) => {
    response.appendHeader('set-cookie', 'a=1').appendHeader('set-cookie', 'b=1');
    response.appendHeader('set-cookie', 'a=; Max-Age=-1');
    response.appendHeader('set-cookie', 'b=; Expires=Wed, 01 Jan 2020 00:00:00 GMT').end();
  });
  // As an application without a server's clock, in the process of its test.
  app.get('/long-over', (_request, response) => {
    response.sendDate = false;
    response.appendHeader('set-cookie', 'c=1');
    response.appendHeader('set-cookie', 'c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT').end();
  });
  const running = await listen(createServer(app), () => kc.close());
  t.after(() => Promise.all([running.close(), idp.close()]));
  return { idp, url: running.url };
}

describe('a sign-in without a browser', () => {
  test('needs nothing that is lost after somebody printed everything', async (t) => {
    const { url } = await start(t);
    printAnswers(t);
    const sara = await signIn(`${url}/me`, SARA);
    assert.equal(await sara.response.text(), 'hello sara');
  });

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

  test('calls as a script of the application does, and its pages may have parameters as an OAuth answer has', async (t) => {
    const { url } = await start(t);
    const sara = await signIn(`${url}/me?state=open`, SARA);
    assert.equal(sara.url, `${url}/me?state=open`);
    assert.equal((await sara.fetch(`${url}/orders`, { method: 'POST' })).status, 201);
    const foreign = { method: 'POST', headers: { origin: 'http://evil.example' } };
    assert.equal((await sara.fetch(`${url}/orders`, foreign)).status, 403);
    const cookie = sara.cookie(url);
    for (const path of ['/over', '/long-over']) await sara.fetch(`${url}${path}`);
    assert.equal(sara.cookie(url), cookie, 'cookies that are over');
    const stopped = new AbortController();
    const slow = sara.fetch(`${url}/slow`, { signal: stopped.signal });
    stopped.abort();
    await assert.rejects(slow, { name: 'AbortError' });
    const events = (await sara.fetch(`${url}/events`)).body?.getReader();
    assert.equal(new TextDecoder().decode((await events?.read())?.value), 'data: 1\n\n');
    await events?.cancel();
  });

  test('ends where Keycloak asks for the name again', async (t) => {
    const { idp, url } = await start(t);
    idp.addOrganization({ name: 'Acme', alias: 'acme', domains: [{ name: 'acme.example' }] });
    await assert.rejects(signIn(`${url}/me`, { ...SARA, username: '' }), {
      message: /led {2}to http:.*: 200 .*Username or email/,
    });
    assert.equal(idp.requests.login, 1, 'the name was sent once');
  });

  test('counts where Keycloak has the origin of the application', async (t) => {
    const app = express();
    app.get('/me', (request, response) => {
      if (request.headers.cookie === 'session=1') response.send('hello sara');
      else response.redirect('/realms/testing/auth');
    });
    app.get('/realms/testing/auth', (_request, response) => {
      response.send('<form id="kc-form-login" method="post" action="login"><input name="password"></form>');
    });
    // A proxy before Keycloak may send a form elsewhere, with its content.
    app.post('/realms/testing/login', (_request, response) => response.redirect(308, 'moved'));
    app.post('/realms/testing/moved', (_request, response) => response.redirect(307, 'login-here'));
    app.post('/realms/testing/login-here', express.urlencoded(), (request, response) => {
      if (request.body.password === SARA.password) response.cookie('session', '1').redirect('/me');
      else response.send('<form id="kc-form-login" action="login"><input name="password">Wrong</form>');
    });
    const { url, close } = await listen(createServer(app), async () => {});
    t.after(close);
    assert.equal(await (await signIn(`${url}/me`, SARA)).response.text(), 'hello sara');
    await assert.rejects(
      signIn(`${url}/me`, { ...SARA, password: 'no' }),
      /led sara to .*login-here: 200 Wrong/,
    );
    const isOver = { message: /asked nobody to sign in: 200 hello sara/ };
    app.get('/open', (_request, response) => void response.send('hello sara'));
    await assert.rejects(signIn(`${url}/open`, SARA), isOver);
  });

  test('that fails says what the last page says', async (t) => {
    const { url: wrong } = await start(t, 'another-secret');
    await assert.rejects(signIn(`${wrong}/me`, SARA), { message: /led sara to .*\/auth\/callback: 50\d/ });
    const { idp, url } = await start(t);
    await assert.rejects(signIn(`${url}/me`, { ...SARA, password: 'no' }), {
      message: /\/me led sara to http:.*\/login-actions\/authenticate: 200 .*Invalid username or password/,
    });
    idp.disableUser('sara');
    await assert.rejects(signIn(`${url}/me`, SARA), { message: /: [24]00 .*Account is disabled/ });
    await assert.rejects(signIn(`${url}/`, SARA), { message: /\/ asked nobody to sign in: 200 everybody$/ });
    idp.updateClient('fastapi-keycloak', { redirectUris: [] });
    t.mock.method(console, 'warn', () => {});
    await assert.rejects(signIn(`${url}/me`, SARA), { message: /: 400 .*Invalid parameter: redirect_uri/ });
  });
});
