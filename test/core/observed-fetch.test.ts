import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createIssuer } from '../../packages/guard/src/core/index.ts';
import { type CallObserver, fetchWith, observeFetch } from '../../packages/guard/src/core/internal.ts';
import type { CallResult } from '../../packages/guard/src/core/realm/observed-call.ts';

/** Something where Keycloak should be, and what the observer was told. */
async function start(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { endpoints, baseUrl } = createIssuer({ serverUrl, realm: 'testing' });
  const seen: string[] = [];
  let last: CallResult | undefined;
  const observer: CallObserver = {
    call: ({ kind, method, origin }) => ({
      headers: { traceparent: `of-${kind}` },
      end: (result) => {
        assert.equal(origin, serverUrl);
        last = result;
        seen.push(`${method} ${kind} ${result.outcome} ${result.status}`);
      },
    }),
  };
  const observed = observeFetch(fetch, [observer, {}]);
  return { server, fetch: observed, endpoints, baseUrl, seen, last: () => last as CallResult };
}

test('calls that name no realm, no grant or a body of another type have a kind, too', async (t) => {
  const { fetch, endpoints, baseUrl, seen } = await start(t, (_request, response) => response.end('{}'));
  await fetch(new URL(baseUrl).origin);
  await fetch(endpoints.token, { method: 'POST', body: new Blob(['grant_type=password']) });
  await fetch(endpoints.token, { method: 'POST', body: 'scope=openid' });
  await fetch(`${baseUrl}/authz/protection/resource_set`);
  await fetch(new Request(endpoints.certs));
  await fetch(`${new URL(baseUrl).origin}/auth/admin/realms/testing/events?first=0`);
  await fetch(`${endpoints.certs}/more`);
  assert.deepEqual(
    seen.map((line) => line.replace(' ok 200', '')),
    ['GET other', 'POST token', 'POST token', 'GET permission', 'GET jwks', 'GET events', 'GET other'],
  );
});

test('each call to Keycloak has a kind, by its address and its grant', async (t) => {
  const { fetch, endpoints, baseUrl, seen } = await start(t, (_request, response) => response.end('{}'));
  const post = (body: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(body) });
  await fetch(endpoints.token, post({ grant_type: 'password' }));
  await fetch(endpoints.token, post({ grant_type: 'refresh_token' }));
  await fetch(endpoints.token, { method: 'POST', body: 'grant_type=authorization_code&code=x' });
  await fetch(endpoints.token, post({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code' }));
  await fetch(endpoints.token, post({ grant_type: 'of a later version' }));
  for (const name of ['certs', 'discovery', 'userinfo'] as const) await fetch(endpoints[name]);
  for (const name of ['introspection', 'revocation', 'logout'] as const)
    await fetch(endpoints[name], post({}));
  await fetch(`${baseUrl}/account/sessions/1234`, { method: 'DELETE' });
  await fetch(`${baseUrl}/of/an/unknown/kind`);
  assert.deepEqual(
    seen.map((line) => line.replace(' ok 200', '')),
    [
      ...['POST password', 'POST refresh', 'POST code', 'POST device', 'POST token'],
      ...['GET jwks', 'GET discovery', 'GET userinfo'],
      ...['POST introspection', 'POST revocation', 'POST logout'],
      ...['DELETE end_session', 'GET other'],
    ],
  );
});

test('an answer is passed on as it came, and what observers add is sent along', async (t) => {
  const { fetch, endpoints, last } = await start(t, (request, response) => {
    response.writeHead(201, { 'x-mark': String(request.headers['x-mark']) });
    response.end(String(request.headers.traceparent));
  });
  const answer = await fetch(endpoints.userinfo, { headers: { 'x-mark': 'kept' } });
  assert.deepEqual(
    [answer.status, answer.headers.get('x-mark'), await answer.text()],
    [201, 'kept', 'of-userinfo'],
  );
  assert.ok(last().seconds > 0 && last().seconds < 5);
});

const ANSWERS: readonly [string, RequestListener, string][] = [
  ['a refusal', (_, response) => response.writeHead(401).end(), 'refused 401'],
  ['a mistake', (_, response) => response.writeHead(400).end(), 'refused 400'],
  ['an error', (_, response) => response.writeHead(500).end('<html>'), 'error 500'],
  ['nothing to read', (_, response) => response.writeHead(204).end(), 'ok 204'],
  ['nothing to keep', (_, response) => response.writeHead(205).end(), 'ok 205'],
  ['nothing new', (_, response) => response.writeHead(304).end(), 'ok 304'],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end('moved'), 'ok 302'],
  ['a closed connection', (request) => request.socket.destroy(), 'unreachable undefined'],
  ['no answer', () => {}, 'timeout'],
  [
    'half an answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"keys":', () => request.socket.destroy());
    },
    'error 200',
  ],
  ['an answer that never ends', (_, response) => response.writeHead(200).write('{"keys":'), 'timeout'],
];
for (const [name, listener, expected] of ANSWERS) {
  test(`${name} is told as ${expected}`, async (t) => {
    const { fetch, endpoints, seen } = await start(t, listener);
    // A timeout signal does not keep the process alive.
    const alive = setInterval(() => {}, 1_000);
    const init = {
      signal: AbortSignal.timeout(expected === 'timeout' ? 500 : 10_000),
      redirect: 'manual' as const,
    };
    await fetch(endpoints.certs, init).catch(() => {});
    clearInterval(alive);
    assert.equal(seen.length, 1);
    assert.ok(seen[0]?.startsWith(`GET jwks ${expected}`), seen[0]);
  });
}

test('a credential with a connection of its own is heard of, too; without listeners nothing is in between', async () => {
  const seen: string[] = [];
  const listening = observeFetch(fetch, [{ call: ({ kind }) => ({ end: () => seen.push(kind) }) }]);
  const own = (async () => new Response('{}')) as typeof fetch;
  await fetchWith(
    { fetch: own },
    listening,
  )('https://sso.example.com/realms/a/protocol/openid-connect/certs');
  assert.deepEqual(seen, ['jwks']);
  assert.equal(observeFetch(fetch, []), fetch);
  assert.equal(fetchWith({}, fetch), fetch);
  assert.equal(fetchWith({ fetch: own }, fetch), own);
  assert.equal(observeFetch(listening, [{ call: () => undefined }]), listening);
});

test('an observer that throws does not keep Keycloak from being called, nor the next observer from hearing of it', async () => {
  const seen: string[] = [];
  const fail = () => {
    throw new Error('full');
  };
  const own = (async () => new Response('{}')) as typeof fetch;
  const observed = observeFetch(own, [
    { call: fail },
    { call: () => ({ end: fail }) },
    { call: () => ({ end: ({ outcome }) => seen.push(outcome) }) },
  ]);
  const answer = await observed('https://sso.example.com/realms/a/protocol/openid-connect/certs');
  assert.deepEqual([await answer.text(), seen], ['{}', ['ok']]);
});
