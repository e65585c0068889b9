import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import express from 'express';
import { Server as SocketIo } from 'socket.io';
import { io as connectSocketIo } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { toSocketIoMiddleware } from '../../packages/guard/src/adapters/engine/sockets.ts';
import { type Connection, keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { createDpopClient } from '../support/dpop.ts';
import { eventually } from '../support/eventually.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

const BEARER = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** An app with every kind of connection that stays open. */
async function setUp(t: TestContext, kc: ReturnType<typeof keycloak>, { isDeaf = false } = {}) {
  const app = express();
  const server = createServer(app);
  const opened: Connection[] = [];
  app.get('/events', kc.guard(), async (request, response) => {
    const connection = await kc.connect(request);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${connection.principal.username}\n\n`);
    connection.signal.addEventListener('abort', () => response.end());
    response.once('close', connection.end);
  });
  const wss = new WebSocketServer({ noServer: true });
  const upgrade = kc.upgrade({ realmRole: 'user' }, (request, socket, head, connection) => {
    opened.push(connection);
    wss.handleUpgrade(request, socket, head, (ws) => {
      ws.send(connection.principal.username ?? '');
      if (!isDeaf) connection.signal.addEventListener('abort', () => ws.close(4401, 'signed out'));
      ws.on('message', (data) => {
        connection.renew(String(data)).then(
          () => ws.send('renewed'),
          (error) => ws.send(error.code),
        );
      });
    });
  });
  const io = new SocketIo(server, { path: '/io/' });
  io.use(kc.socket({ realmRole: 'user' }));
  io.on('connection', (socket) => socket.emit('hello', socket.data.principal.username));
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/ws')) upgrade(request, socket, head);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const client of wss.clients) client.terminate();
    server.closeAllConnections();
    await io.close();
    await kc.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, opened, ws: url.replace('http', 'ws') };
}

function keycloakOf({ serverUrl, realm, clientId, fetch, clock }: TestRealm) {
  return keycloak({ serverUrl, realm, clientId, fetch, clock, onNotice: false });
}

async function setUpRealm(t: TestContext, how: { isDeaf?: boolean } = {}) {
  const realm = createTestRealm();
  const kc = keycloakOf(realm);
  return { realm, kc, ...(await setUp(t, kc, how)) };
}

/** What a handshake was answered that was refused. */
function refusalOf(socket: WebSocket) {
  return new Promise<[number | undefined, string | undefined, string]>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => reject(new Error('let in')));
    socket.on('unexpected-response', async (_request, response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve([response.statusCode, response.headers['www-authenticate'], body]);
    });
  });
}
const message = async (socket: WebSocket) => String((await once(socket, 'message'))[0]);

describe('WebSockets (ws)', () => {
  test('the handshake is guarded as a request is', async (t) => {
    const { realm, ws } = await setUpRealm(t);
    const none = await refusalOf(new WebSocket(`${ws}/ws`));
    assert.deepEqual(none, [401, 'Bearer', '{"detail":"Not authenticated"}']);
    const weak = realm.mint({ realm_access: { roles: [] } });
    const denied = await refusalOf(new WebSocket(`${ws}/ws`, BEARER(weak)));
    assert.equal(denied[0], 403);
    const socket = new WebSocket(`${ws}/ws`, BEARER(realm.mint()));
    assert.equal(await message(socket), 'abdullah');
  });

  for (const isDeaf of [false, true]) {
    const how = isDeaf ? 'cut, where the app does not close it' : 'closed by the app';
    test(`at the end of its token a connection is ${how}`, async (t) => {
      const { realm, ws, opened } = await setUpRealm(t, { isDeaf });
      const socket = new WebSocket(`${ws}/ws`, BEARER(realm.mint({ exp: realm.now + 1 })));
      const [code] = await once(socket, 'close');
      assert.equal(code, isDeaf ? 1006 : 4401);
      assert.equal(opened[0]?.signal.reason.code, 'token_expired');
    });
  }

  test('when its session is revoked a connection ends at once, others go on', async (t) => {
    const { realm, kc, ws, opened } = await setUpRealm(t);
    const [one, other] = ['s1', 's2'].map((sid) => new WebSocket(`${ws}/ws`, BEARER(realm.mint({ sid }))));
    await Promise.all([message(one as WebSocket), message(other as WebSocket)]);
    const before = performance.now();
    await kc.verifier.members[0]?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    await eventually('it is closed', () => (one as WebSocket).readyState === WebSocket.CLOSED);
    // Sooner than each connection is asked about anyway.
    assert.ok(performance.now() - before < 4_000);
    assert.equal((other as WebSocket).readyState, WebSocket.OPEN);
    assert.equal(opened.filter(({ signal }) => signal.aborted).length, 1);
  });

  for (const how of ['throws', 'rejects']) {
    test(`a listener that ${how} costs its own socket, and not the process`, async (t) => {
      const { serverUrl, realm: name, clientId, fetch, clock, mint } = createTestRealm();
      const lines: string[] = [];
      const log = { ...console, error: (_fields: object, line: string) => lines.push(line) };
      const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, log });
      const server = createServer();
      let connection: Connection | undefined;
      const broken: Parameters<typeof kc.upgrade>[1] = (_request, _socket, _head, opened) => {
        connection = opened;
        const fault = new Error('of the application');
        if (how === 'rejects') return Promise.reject(fault);
        throw fault;
      };
      server.on('upgrade', kc.upgrade({}, broken));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(async () => {
        server.close();
        await kc.close();
      });
      const socket = new WebSocket(
        `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
        BEARER(mint()),
      );
      await once(socket, 'error');
      assert.deepEqual(lines, ['a guarded upgrade failed']);
      assert.notEqual(connection, undefined);
    });
  }

  test('a token that is bound to a key is proved at the handshake, and goes on until its end', async (t) => {
    const realm = createTestRealm();
    const { serverUrl, realm: name, clientId, fetch, clock } = realm;
    const dpop = 'accepted';
    const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, dpop });
    const { url, ws, opened } = await setUp(t, kc);
    const client = createDpopClient();
    const token = realm.mint({ typ: 'DPoP', cnf: { jkt: client.jkt }, sid: 's1' });
    const proof = client.proof({ token, uri: `${url}/ws`, now: realm.now });
    const handshake = { headers: { authorization: `DPoP ${token}`, dpop: proof } };
    const socket = new WebSocket(`${ws}/ws`, handshake);
    assert.equal(await message(socket), 'abdullah');
    assert.equal((await refusalOf(new WebSocket(`${ws}/ws`, handshake)))[0], 401);
    // Every connection is looked at after somebody else's revocation.
    const member = kc.verifier.members[0];
    await member?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's2' });
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(socket.readyState, WebSocket.OPEN);
    await member?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    await eventually('it is closed', () => socket.readyState === WebSocket.CLOSED);
    assert.equal(opened[0]?.signal.reason.code, 'token_revoked');
  });

  test('a new token of the same person is accepted on the open connection, and no other', async (t) => {
    const { realm, ws, opened } = await setUpRealm(t);
    const socket = new WebSocket(`${ws}/ws`, BEARER(realm.mint({ exp: realm.now + 5 })));
    assert.equal(await message(socket), 'abdullah');
    for (const [token, said] of [
      ['garbage', 'token_malformed'],
      [realm.mint({ sub: 'somebody-else' }), 'token_claims'],
      [realm.mint({ realm_access: { roles: [] } }), 'role_missing'],
      [realm.mint({ email: 'new@example.com' }), 'renewed'],
    ] as const) {
      socket.send(token);
      assert.equal(await message(socket), said);
    }
    await new Promise((resolve) => setTimeout(resolve, 5_300));
    assert.equal(socket.readyState, WebSocket.OPEN);
    assert.equal(opened[0]?.principal.email, 'new@example.com');
  });

  test('a connection acts for the tenant that it began with, and for no other', async (t) => {
    const realm = createTestRealm();
    const { serverUrl, realm: name, clientId, fetch, clock } = realm;
    const kc = keycloak({
      ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, tenants: 'organizations' },
    });
    const { ws, opened } = await setUp(t, kc);
    const socket = new WebSocket(`${ws}/ws`, BEARER(realm.mint({ organization: ['acme'] })));
    assert.equal(await message(socket), 'abdullah');
    for (const [organization, said] of [
      [['globex'], 'tenant_refused'],
      [[], 'tenant_refused'],
      [['acme', 'globex'], 'renewed'],
      [['globex'], 'tenant_refused'],
    ] as const) {
      socket.send(realm.mint({ organization, jti: 'next' }));
      assert.equal(await message(socket), said);
    }
    assert.equal(opened[0]?.principal.tenant, 'acme');
  });

  test('tokens without a subject are of one person where client and session are the same', async (t) => {
    const { realm, ws } = await setUpRealm(t);
    const mine = { sub: undefined, azp: 'page', sid: 's1' };
    const socket = new WebSocket(`${ws}/ws`, BEARER(realm.mint(mine)));
    assert.equal(await message(socket), 'abdullah');
    for (const [claims, said] of [
      [{ sid: 's2', preferred_username: 'fatima' }, 'token_claims'],
      [{ azp: 'service' }, 'token_claims'],
      [{ sub: 'somebody' }, 'token_claims'],
      [{ email: 'new@example.com' }, 'renewed'],
    ] as const) {
      socket.send(realm.mint({ ...mine, ...claims }));
      assert.equal(await message(socket), said);
    }
  });

  test('with a session cookie pages of other origins are refused; the connection ends with the session', async (t) => {
    const idp = await startIdp(t);
    const realm = {
      serverUrl: idp.url,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      clientSecret: SECRET,
    };
    const kc = keycloak({ ...realm, onNotice: false });
    const app = express();
    app.use(kc.session({ secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' }), kc.backchannelLogout());
    app.get('/me', kc.guard(), (_request, response) => void response.json({}));
    const server = createServer(app);
    const wss = new WebSocketServer({ noServer: true });
    const accept: Parameters<typeof kc.upgrade>[1] = (request, socket, head, connection) =>
      wss.handleUpgrade(request, socket, head, (ws) => {
        ws.send(connection.principal.username ?? '');
      });
    server.on('upgrade', kc.upgrade({}, accept));
    const io = new SocketIo(server, { transports: ['polling'] });
    io.use(kc.socket());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(async () => {
      server.closeAllConnections();
      server.close();
      await kc.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    idp.updateClient('fastapi-keycloak', {
      redirectUris: [`${url}/*`],
      attributes: { 'backchannel.logout.url': `${url}/backchannel-logout` },
    });
    const browser = openSocketBrowser({ url });
    await browser.open(`${url}/me`);
    const cookie = browser.cookie(url);
    const ws = url.replace('http', 'ws');
    const evil = await refusalOf(new WebSocket(ws, { headers: { cookie }, origin: 'https://evil.example' }));
    assert.equal(evil[0], 403);
    assert.equal((await refusalOf(new WebSocket(ws, { headers: { cookie } })))[0], 403);
    // Long polling begins with a plain GET, whose answer a page of another origin could not read; the messages count.
    const polling = connectSocketIo(url, {
      ...{ transports: ['polling'], reconnection: false },
      extraHeaders: { cookie, origin: 'https://evil.example' },
    });
    t.after(() => polling.close());
    const error = await new Promise<Error>((resolve) => {
      polling.once('connect_error', resolve);
      polling.once('connect', () => resolve(new Error('let in')));
    });
    assert.equal(error.message, 'Requests from other sites are refused');
    const socket = new WebSocket(ws, { headers: { cookie }, origin: url });
    assert.equal(await message(socket), 'abdullah');
    const closed = once(socket, 'close');
    await idp.logoutUser('abdullah');
    await closed;
  });
});

describe('server-sent events', () => {
  test('end when the token does', async (t) => {
    const { realm, url } = await setUpRealm(t);
    assert.equal((await fetch(`${url}/events`)).status, 401);
    const answer = await fetch(`${url}/events`, BEARER(realm.mint({ exp: realm.now + 1 })));
    assert.equal(await answer.text(), 'data: abdullah\n\n');
  });
});

describe('Socket.IO', () => {
  const open = (t: TestContext, url: string, more: object) => {
    const socket = connectSocketIo(url, { path: '/io/', reconnection: false, ...more });
    t.after(() => socket.close());
    const next = (event: string) => new Promise<unknown>((resolve) => socket.once(event, resolve));
    return { socket, next };
  };

  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test(`by ${transports.join(', then ')}: the handshake is guarded by auth.token`, async (t) => {
      const { realm, url } = await setUpRealm(t);
      for (const [auth, detail] of [
        [{}, 'Not authenticated'],
        [{ token: 'garbage' }, 'Could not validate credentials'],
        [{ token: { toString: 'x' } }, 'Not authenticated'],
        [{ token: realm.mint({ realm_access: { roles: [] } }) }, 'Not enough permissions'],
      ] as const) {
        const { next } = open(t, url, { auth, transports });
        const error = (await next('connect_error')) as Error & { data: { detail: string } };
        assert.deepEqual([error.message, error.data.detail], [detail, detail]);
      }
      const { next } = open(t, url, { auth: { token: realm.mint() }, transports });
      assert.equal(await next('hello'), 'abdullah');
    });
  }

  test('a client that goes away while it is decided on is watched no longer', async () => {
    for (const isGone of [false, true]) {
      const conn = Object.assign(new EventEmitter(), { readyState: 'open' });
      const socket = Object.assign(new EventEmitter(), {
        handshake: { auth: {} },
        request: {},
        data: {},
        conn,
      });
      const ended: string[] = [];
      const { signal } = new AbortController();
      const connection = { principal: {}, signal, renew: assert.fail, end: () => void ended.push('ended') };
      let decide = (_connection: unknown) => {};
      const open = () =>
        new Promise((resolve) => {
          decide = resolve;
        });
      const guarded = toSocketIoMiddleware({ open, openWith: open } as never, console);
      const passed = new Promise((resolve) => guarded(socket as never, resolve));
      if (isGone) {
        conn.readyState = 'closed';
        conn.emit('close');
      }
      decide(connection);
      await passed;
      assert.equal(ended.length, isGone ? 1 : 0);
    }
  });

  test('a socket is told and disconnected when its token ends, unless it sent a new one', async (t) => {
    const { realm, kc, url } = await setUpRealm(t);
    const short = () => ({ token: realm.mint({ exp: realm.now + 2, sid: 's1' }) });
    const [one, other] = [open(t, url, { auth: short() }), open(t, url, { auth: short() })];
    await Promise.all([one.next('hello'), other.next('hello')]);
    const ended = Promise.all([one.next('auth_error'), one.next('disconnect')]);
    const refused = await other.socket.emitWithAck('auth', { token: 'garbage' });
    assert.deepEqual(refused, { ok: false, detail: 'Could not validate credentials' });
    assert.deepEqual(await other.socket.emitWithAck('auth', { token: realm.mint({ sid: 's1' }) }), {
      ok: true,
    });
    assert.deepEqual((await ended)[0], { detail: 'Could not validate credentials' });
    assert.ok(other.socket.connected);
    const gone = other.next('disconnect');
    await kc.verifier.members[0]?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    await gone;
    await eventually('it is disconnected', () => !other.socket.connected);
  });
});
