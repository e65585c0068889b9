import assert from 'node:assert/strict';
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { sentOnNode } from '../../packages/guard/src/adapters/engine/node.ts';
import { readMessage } from '../../packages/guard/src/adapters/engine/parts/mcp-messages.ts';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { eventually } from '../support/eventually.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

// Node's servers have no error handlers: what a guarded listener throws is answered by the adapter.

async function start(
  t: TestContext,
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const errors: unknown[] = [];
  const log = { info() {}, warn() {}, error: (fields: { err?: Error }) => errors.push(fields.err?.message) };
  const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, log } as never);
  const { url, close } = await listen(createServer(kc.guard({}, listener as never) as RequestListener), () =>
    kc.close(),
  );
  t.after(close);
  return { errors, get: () => plainFetch(url, { headers: { authorization: `Bearer ${realm.mint()}` } }) };
}

for (const [how, fail] of [
  ['throws', () => assert.fail('a bug')],
  ['rejects', async () => assert.fail('a bug')],
] as const) {
  test(`a listener that ${how} is an answer 500 that says nothing, and a line in the log`, async (t) => {
    const { errors, get } = await start(t, fail);
    const answer = await get();
    assert.deepEqual([answer.status, await answer.text()], [500, '{"detail":"Internal Server Error"}']);
    assert.deepEqual(errors, ['a bug']);
  });

  test(`a listener that ${how} when its answer has begun breaks it off: nobody takes half of it for the whole`, async (t) => {
    const { errors, get } = await start(t, (_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      return fail();
    });
    await assert.rejects(async () => (await get()).text());
    assert.deepEqual(errors, ['a bug']);
  });
}

test('an event of the first request has the address of its sender, though the connection ends before the event is told', async () => {
  const { serverUrl, realm, clientId, fetch } = createTestRealm();
  const addresses: unknown[] = [];
  const observers = [
    {
      event: ({ event }: { event: string }, { address }: { address?: string }) =>
        void addresses.push(event, address),
    },
  ];
  const kc = keycloak({ serverUrl, realm, clientId, fetch, onNotice: false, observers } as never);
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.1', configurable: true });
  const request = new IncomingMessage(socket);
  const headers = { authorization: 'Bearer garbage' };
  Object.assign(request, { method: 'GET', url: '/', headers, rawHeaders: Object.entries(headers).flat() });
  const answer = new ServerResponse(request);
  answer.end = () => {
    Object.defineProperty(socket, 'remoteAddress', { value: undefined });
    return answer;
  };
  kc.guard({}, () => {})(request, answer);
  await eventually('it is told', () => addresses.length > 0, 5_000);
  assert.deepEqual(addresses, ['access', '192.0.2.1']);
  kc.close();
});

test('a request is cut off where its connection ended before it did, and by nothing else', () => {
  const isCutOff = (destroyed: boolean, complete: boolean) =>
    sentOnNode({ headers: {}, destroyed, complete } as never).isCutOff?.();
  assert.equal(isCutOff(true, false), true);
  // A fault after the whole body has come is answered or told.
  assert.equal(isCutOff(true, true), false);
  assert.equal(isCutOff(false, false), false);
});

test('a message of MCP that was read before and kept nowhere is a fault of the app: it is not taken for no message', async () => {
  const read = (more: object) => readMessage({ readableEnded: true, ...more } as never);
  await assert.rejects(read({}), /^Error: The body was read, and is not in request\.body$/);
  assert.deepEqual(await read({ body: { method: 'ping' } }), { method: 'ping' });
  // What a parser made of the JSON `null` is no message, which is told to the client.
  assert.equal(await read({ body: null }), null);
});
