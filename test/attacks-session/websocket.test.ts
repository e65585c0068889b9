import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import websocket from '@fastify/websocket';
import { ORIGIN, openBrowser } from '../session/browser.ts';
import { buildSessionApp } from '../session/session-app.ts';

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

/** An app with a socket for who is signed in and one for everybody, and a browser that is signed in. */
async function setUp(t: TestContext) {
  const { app, idp } = await buildSessionApp(t, { before: (app) => app.register(websocket) });
  for (const optional of [false, true]) {
    const options = { websocket: true, onRequest: app.guard({ optional }) } as const;
    app.get(optional ? '/open' : '/live', options, (socket, request) => {
      socket.close(1000, request.principal?.username ?? 'nobody');
    });
  }
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const browser = openBrowser(app);
  await browser.signIn();
  /** A handshake as RFC 6455 §4.1 has it. */
  const open = (headers: Record<string, string | string[]>, path = '/live') =>
    new Promise<Answer>((resolve, reject) => {
      const handshake = send({
        ...{ port, path, host: '127.0.0.1', agent: false },
        headers: {
          ...{ host: new URL(ORIGIN).host, connection: 'Upgrade', upgrade: 'websocket' },
          ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
          ...headers,
        },
      });
      handshake.on('error', reject);
      handshake.on('upgrade', ({ statusCode: status }, socket) => {
        socket.destroy();
        resolve({ status, body: '' });
      });
      handshake.on('response', async (answer) => {
        let body = '';
        for await (const part of answer) body += part;
        resolve({ status: answer.statusCode, body });
      });
      handshake.end();
    });
  return { open, idp, cookie: browser.session };
}

const SIBLING = 'http://other.localhost:8000';

test('cross-site WebSocket hijacking: a handshake with the session cookie from elsewhere is 403', async (t) => {
  const { open, cookie } = await setUp(t);
  for (const [name, headers] of [
    ['a sibling domain', { origin: SIBLING, 'sec-fetch-site': 'same-site' }],
    ['a sibling domain, in a browser that sends no Sec-Fetch-Site with it', { origin: SIBLING }],
    ['another port of this host', { origin: 'http://localhost:9000' }],
    ['the same host by plain http or by https', { origin: ORIGIN.replace('http:', 'https:') }],
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['two origins, one of them ours', { origin: [ORIGIN, SIBLING] }],
    ['nobody knows where', {}],
    ['a sibling domain, in capital letters', { origin: SIBLING, upgrade: 'WebSocket' }],
    ['a sibling domain that says it is ours', { origin: SIBLING, 'sec-fetch-site': 'same-origin' }],
  ] as [string, Record<string, string | string[]>][]) {
    for (const path of ['/live', '/open']) {
      const answer = await open({ cookie, ...headers }, path);
      assert.equal(answer.status, 403, `${name}: ${path}`);
      assert.equal(JSON.parse(answer.body).detail, 'Requests from other sites are refused');
    }
  }
});

test('a WebSocket of this origin opens with the session cookie', async (t) => {
  const { open, cookie } = await setUp(t);
  assert.equal((await open({ cookie, origin: ORIGIN })).status, 101);
  assert.equal((await open({ cookie, origin: ORIGIN, 'sec-fetch-site': 'same-origin' })).status, 101);
});

test('a WebSocket with a bearer token opens from wherever its program is, and one without anything is 401', async (t) => {
  const { open, idp, cookie } = await setUp(t);
  const authorization = `Bearer ${await idp.issueToken({ username: 'abdullah' })}`;
  assert.equal((await open({ cookie, authorization })).status, 101);
  assert.equal((await open({ authorization, origin: 'https://evil.example' })).status, 101);
  assert.equal((await open({ origin: SIBLING })).status, 401);
  assert.equal((await open({ origin: SIBLING }, '/open')).status, 101);
});
