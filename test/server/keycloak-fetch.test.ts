import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../packages/server/src/config/load-config.ts';
import { createKeycloakFetch } from '../../packages/server/src/http/keycloak-fetch.ts';
import { eventually } from '../support/eventually.ts';
import { printAnswers } from '../support/print-answers.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function start(t: TestContext, answer: Answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  let connections = 0;
  server.on('connection', () => connections++);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return { url, connections: () => connections };
}

const SETTINGS = {
  KEYCLOAK_SERVER_URL: 'http://127.0.0.1:8080',
  KEYCLOAK_REALM: 'testing',
  KEYCLOAK_CLIENT_ID: 'api',
  KEYCLOAK_CLIENT_SECRET: 'secret',
};
const MANUAL = { redirect: 'manual' } as const;
const post = { ...MANUAL, method: 'POST', body: new URLSearchParams({ username: 'a b', scope: 'openid' }) };
const reasonOf = (error: unknown) => ((error as Error).cause as { code?: string } | undefined)?.code;

test('sends forms with the headers that were given, and keeps the connection', async (t) => {
  const seen: unknown[] = [];
  const { url, connections } = await start(t, async (request, response) => {
    const { method, headers } = request;
    seen.push([method, headers['content-type'], headers.authorization, await text(request)]);
    assert.equal(headers['user-agent'], 'keycloak-guard');
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.writeHead(201).write('{"a":');
    response.end('1}');
  });
  const send = createKeycloakFetch();
  for (const headers of [{ authorization: 'Basic x' }, new Headers({ authorization: 'Basic x' })]) {
    const answer = await send(url, { ...post, headers });
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
    assert.equal(answer.headers.get('content-length'), '7', 'of what came in parts');
    assert.deepEqual(await answer.json(), { a: 1 });
  }
  const plain = { ...MANUAL, method: 'PUT', body: 'text' };
  assert.equal((await send(new URL(url), { ...plain, headers: [['authorization', 'x']] })).status, 201);
  const type = 'application/x-www-form-urlencoded;charset=UTF-8';
  const form = ['POST', type, 'Basic x', 'username=a+b&scope=openid'];
  assert.deepEqual(seen, [form, form, ['PUT', undefined, 'x', 'text']]);
  assert.equal(connections(), 1);
});

test('asks for nothing that would have to be unpacked, and has no body where there is none', async (t) => {
  const { url } = await start(t, ({ headers, method }, response) => {
    assert.equal(headers['accept-encoding'], 'identity');
    response.writeHead({ GET: 204, PUT: 205 }[String(method)] ?? 304).end();
  });
  for (const method of ['GET', 'PUT', 'DELETE']) {
    assert.equal((await createKeycloakFetch()(url, { ...MANUAL, method })).body, null);
  }
});

test('a connection that nobody uses is kept for four seconds, shorter than servers keep theirs', async (t) => {
  const { url } = await start(t, (_request, response) => response.end());
  const request = t.mock.method(http, 'request');
  await createKeycloakFetch()(url, MANUAL);
  const [call = assert.fail()] = request.mock.calls;
  const [, options] = call.arguments as unknown as [URL, http.RequestOptions];
  const { keepAlive, timeout } = (options.agent as unknown as { options: http.AgentOptions }).options;
  assert.deepEqual([keepAlive, timeout], [true, 4_000]);
});

test('headers are those of the answer, also after somebody printed everything', async (t) => {
  const { url } = await start(t, (_request, response) => response.setHeader('x-own', ['a', 'b']).end());
  printAnswers(t);
  assert.equal((await createKeycloakFetch()(url, MANUAL)).headers.get('x-own'), 'a, b');
});

test('follows no redirect', async (t) => {
  const { url } = await start(t, (_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  });
  const answer = await createKeycloakFetch()(url, post);
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, 'http://127.0.0.1:1/']);
});

test('a call that takes too long is aborted with the reason of its signal', async (t) => {
  let closed = 0;
  const { url } = await start(t, (request, response) => {
    response.once('close', () => closed++);
    if (request.method === 'POST') response.writeHead(200).write('half');
  });
  for (const method of ['GET', 'POST']) {
    const signal = AbortSignal.timeout(50);
    await assert.rejects(createKeycloakFetch()(url, { ...MANUAL, method, signal }), { name: 'TimeoutError' });
    await assert.rejects(createKeycloakFetch()(url, { ...MANUAL, method, signal }), { name: 'TimeoutError' });
  }
  await eventually('nothing is left open at the server', () => closed === 2);
});

test('a connection that cannot be made, or breaks, fails as with fetch, with the code as its cause', async (t) => {
  const { url } = await start(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => response.destroy(), 20);
  });
  const send = createKeycloakFetch();
  await assert.rejects(send(url, post), (error) => {
    assert.equal(reasonOf(error), 'ECONNRESET');
    return error instanceof TypeError;
  });
  await assert.rejects(send('http://127.0.0.1:1/', post), (error) => {
    assert.equal(reasonOf(error), 'ECONNREFUSED');
    return error instanceof TypeError;
  });
});

test('of an answer that is too large no more is read', async (t) => {
  const { url } = await start(t, (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (response.write(chunk));
    };
    response.on('drain', more);
    more();
  });
  await assert.rejects(createKeycloakFetch()(url, post), { message: 'terminated' });
});

test("behind a proxy, and with what it does not do, it is Node's own", async (t) => {
  for (const [proxy, env] of [
    [true, { NODE_USE_ENV_PROXY: '1' }],
    [true, { NODE_OPTIONS: '--max-old-space-size=99 --use-env-proxy' }],
    [false, { NODE_USE_ENV_PROXY: '0' }],
  ] as const) {
    const config = loadConfig({ env: { ...SETTINGS, ...env } });
    assert.equal(createKeycloakFetch(config) === fetch, proxy, JSON.stringify(env));
  }
  const { url } = await start(t, (request, response) => {
    if (request.url === '/token') response.writeHead(302, { location: '/end' }).end();
    else response.end('followed');
  });
  assert.equal(await (await createKeycloakFetch()(url)).text(), 'followed');
});

test('an answer of one mebibyte is read whole, and one of a byte more is not', async (t) => {
  const get = async (bytes: number) => {
    const { url } = await start(t, (_request, response) => response.end(Buffer.alloc(bytes)));
    return (await createKeycloakFetch()(url, MANUAL)).arrayBuffer();
  };
  assert.equal((await get(1024 * 1024)).byteLength, 1024 * 1024);
  await assert.rejects(get(1024 * 1024 + 1), TypeError);
});
