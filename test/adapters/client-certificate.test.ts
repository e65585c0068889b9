import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createPlainServer, request as plainRequest, type RequestListener } from 'node:http';
import { connect, createSecureServer as createHttp2Server } from 'node:http2';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { keycloak as forHono } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as forNode } from '../../packages/guard/src/adapters/node/index.ts';
import type { ClientCertificateSource } from '../../packages/guard/src/core/index.ts';
import { createTestCertificate, type TestCertificate } from '../support/certificates.ts';
import { createTestRealm } from '../support/test-realm.ts';

// Real handshakes: keys that sign them, and certificates that travel.

const server = createTestCertificate('localhost');
const client = createTestCertificate('client');
const stranger = createTestCertificate('stranger');
// RFC 8705 §3.1.
const thumbprint = createHash('sha256').update(client.x509.raw).digest('base64url');
const realm = createTestRealm();
const token = realm.mint({ cnf: { 'x5t#S256': thumbprint } });

interface Seen {
  readonly status: number | undefined;
  readonly body: string;
  readonly challenge: string | undefined;
  readonly isResumed?: boolean | undefined;
}

const toOptions = (clientCertificate: ClientCertificateSource) => {
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  return { serverUrl, realm: name, clientId, fetch, clock, onNotice: false, clientCertificate } as const;
};

function startApp(t: TestContext, clientCertificate: ClientCertificateSource): RequestListener {
  const kc = keycloak(toOptions(clientCertificate));
  const app = express();
  app.get('/me', kc.guard(), (request, response) => void response.json(request.principal?.username));
  t.after(() => kc.close());
  return app;
}

function startHono(t: TestContext, clientCertificate: ClientCertificateSource): RequestListener {
  const kc = forHono(toOptions(clientCertificate));
  t.after(() => kc.close());
  const app = new Hono().get('/me', kc.guard(), (c) => c.json(c.var.principal.username));
  return getRequestListener(app.fetch);
}

/** Ends TLS itself. Whoever issued a certificate does not matter: nobody is refused in the handshake. */
async function startHttps(t: TestContext, start = startApp) {
  const app = start(t, 'connection');
  const options = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false };
  const listening = createServer(options, app).listen(0, '127.0.0.1');
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
}

function read(asked: ReturnType<typeof request>): Promise<Seen> {
  return new Promise((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', async (response) => {
      let body = '';
      for await (const part of response) body += String(part);
      const { statusCode: status, headers, socket } = response;
      const isResumed = (socket as TLSSocket | null)?.isSessionReused?.();
      resolve({ status, body, challenge: headers['www-authenticate'], isResumed });
    });
    asked.end();
  });
}

function send(port: number, shown: TestCertificate | undefined, agent?: Agent, sent = token) {
  const headers = { authorization: `Bearer ${sent}` };
  const mine = shown === undefined ? {} : { key: shown.key, cert: shown.cert };
  const connection = { host: '127.0.0.1', port, servername: 'localhost', ca: server.cert, ...mine };
  return read(request({ ...connection, path: '/me', headers, agent: agent ?? new Agent() }));
}

const REFUSED = { status: 401, body: '{"detail":"Could not validate credentials"}' };

function assertRefused({ status, body, challenge }: Seen): void {
  assert.deepEqual({ status, body }, REFUSED);
  assert.match(challenge ?? '', /^Bearer error="invalid_token"/);
}

describe('a token that is bound to a certificate, over TLS', () => {
  test('is good for whoever has the key of the certificate', async (t) => {
    const port = await startHttps(t);
    const { status, body } = await send(port, client);
    assert.deepEqual({ status, body }, { status: 200, body: '"abdullah"' });
  });

  test('is refused with another certificate, and with none, while it is known', async (t) => {
    const port = await startHttps(t);
    assert.equal((await send(port, client)).status, 200);
    assertRefused(await send(port, stranger));
    assertRefused(await send(port, undefined));
  });

  test('hono: is good with that certificate, and refused with another and with none', async (t) => {
    const port = await startHttps(t, startHono);
    for (let i = 0; i < 2; i++) {
      const { status, body } = await send(port, client);
      assert.deepEqual({ status, body }, { status: 200, body: '"abdullah"' });
      assertRefused(await send(port, stranger));
      assertRefused(await send(port, undefined));
    }
  });

  test('is good over HTTP/2 with that certificate, and refused with another and with none', async (t) => {
    const kc = forNode(toOptions('connection'));
    const me = kc.guard({}, ({ principal }, response) => response.end(String(principal?.username)));
    const options = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false };
    const listening = createHttp2Server(options, me as never).listen(0, '127.0.0.1');
    t.after(() => {
      listening.close();
      return kc.close();
    });
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    for (const [shown, expected] of [
      [client, 200],
      [stranger, 401],
      [undefined, 401],
    ] as const) {
      const mine = shown === undefined ? {} : { key: shown.key, cert: shown.cert };
      const session = connect(`https://localhost:${port}`, { ca: server.cert, ...mine });
      for (let i = 0; i < 2; i++) {
        const stream = session.request({ ':path': '/me', authorization: `Bearer ${token}` });
        const [headers] = await once(stream, 'response');
        stream.resume();
        assert.equal(headers[':status'], expected);
      }
      session.close();
    }
  });

  test('is good on a connection that is resumed, whose handshake sends no certificate', async (t) => {
    const port = await startHttps(t);
    const agent = new Agent({ maxCachedSessions: 10 });
    assert.deepEqual([(await send(port, client, agent)).status], [200]);
    const { status, isResumed } = await send(port, client, agent);
    assert.deepEqual([status, isResumed], [200, true]);
  });

  test('a token that is bound to nothing is good with every certificate', async (t) => {
    const port = await startHttps(t);
    for (const shown of [client, stranger, undefined]) {
      assert.equal((await send(port, shown, undefined, realm.mint())).status, 200);
    }
  });
});

describe('a token that is bound to a certificate, behind a proxy', () => {
  /** RFC 9440 §2.2. */
  const RFC_9440 = ({ x509 }: Pick<TestCertificate, 'x509'>) => `:${x509.raw.toString('base64')}:`;

  /** Ends TLS, and says which certificate the client had. What a client sends under that name is replaced. */
  async function startProxied(t: TestContext, trustedBy: readonly string[]) {
    const app = createPlainServer(startApp(t, { header: 'client-cert', trustedBy })).listen(0, '127.0.0.1');
    await once(app, 'listening');
    const { port } = app.address() as AddressInfo;
    const options = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false };
    const proxy = createServer(options, (incoming, outgoing) => {
      const { 'client-cert': _, ...headers } = incoming.headers;
      const shown = (incoming.socket as TLSSocket).getPeerX509Certificate();
      const told = shown && { 'client-cert': RFC_9440({ x509: shown }) };
      const forward = plainRequest(
        {
          host: '127.0.0.1',
          port,
          path: incoming.url,
          headers: { ...headers, ...told },
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      forward.end();
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.after(() => {
      for (const one of [app, proxy]) {
        one.closeAllConnections();
        one.close();
      }
    });
    return { port, proxied: (proxy.address() as AddressInfo).port };
  }

  test('is good with the certificate of the handshake with the proxy, and no other', async (t) => {
    const { proxied } = await startProxied(t, ['127.0.0.1']);
    assert.equal((await send(proxied, client)).status, 200);
    assertRefused(await send(proxied, stranger));
    assertRefused(await send(proxied, undefined));
  });

  test('the header counts for nothing from an address that is not trusted', async (t) => {
    const headers = { authorization: `Bearer ${token}`, 'client-cert': RFC_9440(client) };
    const forge = (port: number) => read(plainRequest({ host: '127.0.0.1', port, path: '/me', headers }));
    const { port, proxied } = await startProxied(t, ['10.0.0.1', '192.168.0.0/16']);
    assertRefused(await send(proxied, client));
    assertRefused(await forge(port));
    // From a trusted one it is believed, whoever wrote it: a proxy has to replace what its clients send.
    assert.equal((await forge((await startProxied(t, ['127.0.0.0/8'])).port)).status, 200);
  });
});
