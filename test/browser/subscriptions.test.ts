import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { startMercurius } from '../nest/mercurius-app.ts';
import { reachOnly } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { openPage } from '../support/page.ts';

/** What a page reads of all that it asks for on one connection. @param payload of its `connection_init` */
const readOn = (page: Page, url: string, payload: object): Promise<string> =>
  page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket(${JSON.stringify(`${url.replace('http', 'ws')}/graphql`)}, 'graphql-transport-ws');
    const documents = ['subscription { orders }', 'mutation { buy }', 'query { me }'];
    let text = '';
    const ask = () => {
      const query = documents.shift();
      if (query) socket.send(JSON.stringify({ id: query, type: 'subscribe', payload: { query } }));
      else resolve(text);
    };
    socket.onopen = () => socket.send(JSON.stringify({ type: 'connection_init', payload: ${JSON.stringify(payload)} }));
    socket.onclose = () => resolve(text + 'closed');
    socket.onmessage = ({ data }) => {
      text += data;
      if (['connection_ack', 'complete', 'error'].includes(JSON.parse(data).type)) ask();
    };
  })`);

test('in Chromium, a page of another port reads no subscription of who is signed in, whatever it says of itself', async (t) => {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const { idp } = await startMercurius(t, { publicUrl: url, port });
  idp.updateClient('fastapi-keycloak', { redirectUris: [`${url}/*`] });
  const siblings = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('sibling'),
  );
  await new Promise<void>((resolve) => siblings.listen(0, '127.0.0.1', resolve));
  t.after(() => siblings.close());
  const page = await openPage(t, reachOnly('localhost', '127.0.0.1'));
  await page.goto(`${url}/auth/login?return_to=/auth/session`);
  await page.fill('#username', 'abdullah');
  await page.fill('#password', 'Test#123456');
  await page.click('#kc-login');
  await page.waitForURL(`${url}/auth/session`);
  const claims = { 'sec-fetch-site': 'same-origin', origin: url, upgrade: null };
  assert.equal((await readOn(page, url, {})).split('"abdullah"').length, 4);
  await page.goto(`http://localhost:${(siblings.address() as AddressInfo).port}/`);
  for (const payload of [{}, claims, { headers: claims }]) {
    const text = await readOn(page, url, payload);
    assert.match(text, /Forbidden/);
    assert.doesNotMatch(text, /abdullah/, JSON.stringify(payload));
  }
});
