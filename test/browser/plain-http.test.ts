import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import websocket from '@fastify/websocket';
import type { Page } from 'playwright-core';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { collectLog, configFor, startIdp } from '../server/service.ts';
import { buildSessionApp } from '../session/session-app.ts';
import { openPage } from '../support/page.ts';

/** A browser to which every name below `.test` is this machine: plain http under such a name is not trusted. */
const NAMES = '--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND , EXCLUDE 127.0.0.1';

async function signIn(page: Page) {
  await page.locator('#username').fill('abdullah');
  await page.locator('#password').fill('Test#123456');
  await page.locator('#kc-login').click();
}

test('on plain http under a name of its own people can sign out', async (t) => {
  const idp = await startIdp(t);
  const log = collectLog();
  const config = { ...configFor(idp.url), host: '127.0.0.1' };
  const service = await startService(config, { logger: createLoggerTo(config, log.stream) });
  t.after(() => service.close());
  const url = `http://app.test:${new URL(service.url).port}`;
  idp.updateClient('fastapi-keycloak', {
    redirectUris: [`${url}/*`],
    attributes: { 'post.logout.redirect.uris': '+' },
  });
  const page = await openPage(t, NAMES);
  await page.goto(url);
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
  await signIn(page);
  await page.getByText('Signed in as abdullah.').waitFor();
  const [request] = await Promise.all([
    page.waitForRequest((request) => request.url() === `${url}/auth/logout`),
    page.getByRole('button', { name: 'Sign out' }).click(),
  ]);
  const { origin, 'sec-fetch-site': site } = await request.allHeaders();
  assert.deepEqual([origin, site], [url, undefined]);
  assert.equal((await request.response())?.status(), 303);
  await page.getByText('You are not signed in.').waitFor();
  assert.equal(page.url(), `${url}/`);
  assert.deepEqual(idp.sessionsOf('abdullah'), []);
});

for (const host of ['app.test', '127.0.0.1']) {
  test(`a page of another origin on the same host opens no WebSocket with the session (${host})`, async (t) => {
    const neighbour = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<title>neighbour</title>');
    }).listen(0, '127.0.0.1');
    t.after(() => neighbour.close());
    const { app, idp } = await buildSessionApp(t, {
      before: (app) => app.register(websocket),
      session: { publicUrl: undefined },
    });
    app.get('/page', (_request, reply) => reply.type('text/html').send('<title>ours</title>'));
    app.get('/live', { websocket: true, onRequest: app.guard() }, (socket, request) => {
      socket.send(request.principal?.username ?? 'nobody');
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const url = `http://${host}:${(app.server.address() as AddressInfo).port}`;
    idp.updateClient('fastapi-keycloak', { redirectUris: [`${url}/*`] });

    const page = await openPage(t, NAMES);
    await page.goto(`${url}/auth/login?return_to=/page`);
    await signIn(page);
    await page.waitForURL(`${url}/page`);
    const listen = (address: string) =>
      page.evaluate(
        `new Promise((done) => {
          const socket = new WebSocket('${address}');
          socket.onmessage = ({ data }) => done(data);
          socket.onerror = () => done('refused');
        })`,
      );
    const live = `${url.replace('http:', 'ws:')}/live`;
    assert.equal(await listen(live), 'abdullah');
    await page.goto(`http://${host}:${(neighbour.address() as AddressInfo).port}/`);
    assert.equal(await page.title(), 'neighbour');
    assert.equal(await listen(live), 'refused');
  });
}
