import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { on, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { WebSocket } from 'ws';
import { ORIGIN, openBrowser } from '../session/browser.ts';
import { afterAll } from '../support/after-all.ts';
import { startMercurius } from './mercurius-app.ts';

/** The app, and a browser that is signed in. */
async function setUp(
  t: TestContext,
  subscription: object = {},
  more: object = {},
  own: Pick<Parameters<typeof startMercurius>[1], 'publicUrl' | 'fastify'> = { publicUrl: ORIGIN },
) {
  const { idp, app } = await startMercurius(t, { subscription, more, ...own });
  const browser = openBrowser(app);
  await browser.signIn();
  const { port } = app.server.address() as AddressInfo;
  /** What a page is answered on one connection. @param payload of its `connection_init` */
  async function ask(queries: readonly string[], headers: Record<string, string>, payload: object = {}) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { headers });
    try {
      await once(socket, 'open');
      const messages = on(socket, 'message', { signal: AbortSignal.timeout(20_000) });
      const next = async () => {
        const { value } = await messages.next();
        return JSON.parse(String(value[0])) as { type: string; payload?: unknown };
      };
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
      await next();
      const answers: unknown[] = [];
      for (const query of queries) {
        socket.send(JSON.stringify({ id: query, type: 'subscribe', payload: { query } }));
        const answer = await next();
        answers.push(answer.payload);
        if (answer.type === 'next') await next();
      }
      return answers;
    } finally {
      socket.terminate();
    }
  }
  return { ask, idp, cookie: browser.session };
}

const DOCUMENTS = ['subscription { orders }', 'mutation { buy }', 'query { me }'];
/** What a page can have Mercurius write into the headers of the handshake, where they are missing. */
const CLAIMS = { 'sec-fetch-site': 'same-origin', origin: ORIGIN, upgrade: null, host: 'localhost:8000' };

/** One app for the tests that want nothing of it. */
let app: ReturnType<typeof setUp> | undefined;
const shared = afterAll();
function plain() {
  app ??= setUp(shared);
  return app;
}

for (const [name, origin] of [
  ['a sibling domain', 'http://other.localhost:8000'],
  ['another port', 'http://localhost:9000'],
  ['nobody knows where', undefined],
] as const) {
  test(`a page from ${name} gains nothing by the cookie, whatever headers its connection_init brings`, async () => {
    const { ask, cookie } = await plain();
    for (const payload of [{}, CLAIMS, { headers: CLAIMS }]) {
      // Headers are added with the first subscription, and mutations on that connection see them.
      const answers = await ask(DOCUMENTS, { cookie, ...(origin && { origin }) }, payload);
      assert.equal(answers.length, DOCUMENTS.length);
      for (const answer of answers) {
        assert.doesNotMatch(JSON.stringify(answer), /abdullah/, JSON.stringify(payload));
        assert.match(JSON.stringify(answer), /"FORBIDDEN"|Forbidden/);
      }
    }
  });
}

for (const [name, toRequest] of [
  ['a copy of the request', ({ raw }: FastifyRequest) => ({ ...raw })],
  ['an object of its own', () => ({ method: 'GET', url: '/graphql' })],
] as const) {
  test(`where the application puts ${name} with other headers into the context, the cookie gains a sibling nothing`, async (t) => {
    const context = (_socket: unknown, request: FastifyRequest) => ({
      req: { ...toRequest(request), headers: { ...request.raw.headers, ...CLAIMS } },
    });
    const { ask, cookie } = await setUp(t, { context });
    for (const answer of await ask(DOCUMENTS, { cookie, origin: 'http://other.localhost:8000' }, CLAIMS)) {
      assert.doesNotMatch(JSON.stringify(answer), /abdullah/);
      assert.match(JSON.stringify(answer), /Forbidden|Not authenticated|Unauthorized/);
    }
  });
}

/** The application knows its own address by the proxy in front, which names the scheme alone. */
const BEHIND_PROXY = { publicUrl: undefined, fastify: { trustProxy: true } };
const SIBLING = 'other.localhost:8000';

test('where a proxy names the host, connection_init makes no other one of it, nor of what the proxy did not name', async (t) => {
  const { ask, cookie } = await setUp(t, {}, {}, BEHIND_PROXY);
  const handshake = { cookie, host: 'localhost:8000', 'x-forwarded-proto': 'http' };
  const sibling = { ...handshake, origin: `http://${SIBLING}` };
  for (const payload of [{}, { 'x-forwarded-host': SIBLING }, { headers: { 'x-forwarded-host': SIBLING } }]) {
    for (const answer of await ask(DOCUMENTS, sibling, payload)) {
      assert.doesNotMatch(JSON.stringify(answer), /abdullah/, JSON.stringify(payload));
      assert.match(JSON.stringify(answer), /"FORBIDDEN"|Forbidden/);
    }
  }
  const own = [{ orders: 'abdullah' }, { buy: 'abdullah' }, { me: 'abdullah' }].map((data) => ({ data }));
  for (const named of [{}, { host: 'backend:3000', 'x-forwarded-host': 'localhost:8000' }])
    assert.deepEqual(await ask(DOCUMENTS, { ...handshake, ...named, origin: ORIGIN }), own);
});

test('where the application puts a copy of the request with another host into the context, the cookie gains a sibling nothing', async (t) => {
  const context = (_socket: unknown, { raw }: FastifyRequest) => ({
    req: { ...raw, headers: { ...raw.headers, host: SIBLING } },
  });
  const { ask, cookie } = await setUp(t, { context }, {}, { publicUrl: undefined });
  const handshake = { cookie, host: 'localhost:8000', origin: `http://${SIBLING}` };
  for (const answer of await ask(DOCUMENTS, handshake)) {
    assert.doesNotMatch(JSON.stringify(answer), /abdullah/);
    assert.match(JSON.stringify(answer), /Forbidden|Not authenticated|Unauthorized/);
  }
});

test('a page of this origin has its subscriptions, and whoever brings a token in connection_init those of the token', async () => {
  const { ask, cookie, idp } = await plain();
  const all = [{ orders: 'abdullah' }, { buy: 'abdullah' }, { me: 'abdullah' }].map((data) => ({ data }));
  assert.deepEqual(await ask(DOCUMENTS, { cookie, origin: ORIGIN }), all);
  const authorization = `Bearer ${await idp.issueToken({ username: 'abdullah' })}`;
  assert.deepEqual(await ask(DOCUMENTS, { origin: 'https://evil.example' }, { authorization }), all);
});

test('a token that is bound to a certificate is not good with one that connection_init names: no proxy saw it', async (t) => {
  const clientCertificate = { header: 'client-cert', trustedBy: ['127.0.0.1'] };
  const { ask, idp } = await setUp(t, {}, { clientCertificate });
  const certificate = Buffer.from('a certificate, which is public');
  const claims = { cnf: { 'x5t#S256': createHash('sha256').update(certificate).digest('base64url') } };
  const authorization = `Bearer ${await idp.issueToken({ username: 'abdullah', claims })}`;
  const header = { 'client-cert': `:${certificate.toString('base64')}:` };
  for (const payload of [{}, header, { headers: { ...header, authorization } }]) {
    const answers = await ask(DOCUMENTS, {}, { authorization, ...payload });
    assert.equal(answers.length, DOCUMENTS.length);
    for (const answer of answers) assert.match(JSON.stringify(answer), /"UNAUTHENTICATED"|Unauthorized/);
  }
  const [first] = await ask(DOCUMENTS, header, { authorization });
  assert.deepEqual(first, { data: { orders: 'abdullah' } });
});
