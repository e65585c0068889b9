import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ServerOptions, Server as SocketIo } from 'socket.io';
import { io as connectSocketIo } from 'socket.io-client';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import type { SecurityEvent } from '../../packages/guard/src/core/internal.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A guarded server of Socket.IO, and clients of it. */
async function setUp(t: TestContext, options: Partial<ServerOptions> = {}) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const lines: string[] = [];
  const quiet = () => {};
  const log = { info: quiet, warn: quiet, error: (_fields: object, line: string) => void lines.push(line) };
  const events: SecurityEvent[] = [];
  const observers = [{ event: (one: SecurityEvent) => void events.push(one) }];
  const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, log, observers });
  const server = createServer();
  const io = new SocketIo(server, options);
  io.use(kc.socket());
  const connected: boolean[] = [];
  io.on('connection', (socket) => {
    connected.push(socket.recovered);
    socket.emit('hello', socket.data.principal.username);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    await io.close();
    await kc.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = (token: string, more: object = {}) => {
    const socket = connectSocketIo(url, { auth: { token }, reconnection: false, ...more });
    t.after(() => socket.close());
    const next = (event: string) => new Promise<unknown>((resolve) => socket.once(event, resolve));
    return { socket, next };
  };
  return { realm, io, lines, connected, events, open };
}

test('where Socket.IO sends what was missed before it is decided who it is, nobody is admitted, and the log says why', async (t) => {
  for (const connectionStateRecovery of [{}, { skipMiddlewares: false }]) {
    const { realm, lines, connected, open } = await setUp(t, { connectionStateRecovery });
    const { next } = open(realm.mint());
    const answer = await Promise.race([next('connect_error'), next('hello')]);
    assert.equal((answer as Error).message, 'Internal Server Error');
    assert.deepEqual(connected, []);
    assert.match(lines.join('\n'), /leave connectionStateRecovery out/);
  }
});

test('a token that ends while other middleware decides ends the connection before it begins', async (t) => {
  const { realm, io, connected, open } = await setUp(t);
  const { socket, next } = open(realm.mint({ exp: realm.now + 1 }));
  const over = new Promise<void>((resolve) => {
    io.use((one, go) => {
      one.conn.once('close', resolve);
      // Longer than the token is good.
      setTimeout(go, 1_500);
    });
  });
  await Promise.race([next('connect'), over]);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  assert.deepEqual([socket.connected, connected], [false, []]);
});

test('an audit log names the person of the token that was refused, not of one that a header brings beside it', async (t) => {
  const { realm, events, open } = await setUp(t);
  const victim = realm.mint({ preferred_username: 'victim', sub: 'victim', sid: 'of-victim' });
  const unsigned = `${victim.slice(0, victim.lastIndexOf('.'))}.AAAA`;
  const extraHeaders = { authorization: `Bearer ${unsigned}` };
  const own = { preferred_username: 'sara', sub: 'sara', sid: 'of-sara' };
  const { next } = open(realm.mint({ ...own, exp: realm.now - 3600 }), { extraHeaders });
  await next('connect_error');
  const sara = { user: 'sara', subject: 'sara', sessionId: 'of-sara' };
  assert.deepEqual(events, [{ event: 'access', outcome: 'token_expired', ...sara }]);

  const { socket, next: nextOf } = open(realm.mint(own), { extraHeaders, forceNew: true });
  await nextOf('hello');
  const token = realm.mint({ ...own, exp: realm.now - 3600 });
  assert.equal((await socket.timeout(20_000).emitWithAck('auth', { token })).ok, false);
  assert.deepEqual(events.at(-1), { event: 'access', outcome: 'token_expired', ...sara });
});
