import assert from 'node:assert/strict';
import { connect as connectTo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Inject, Logger, type Type } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Server } from 'socket.io';
import type { WebSocket } from 'ws';
import {
  type KeycloakModuleOptions,
  KeycloakService,
  Public,
} from '../../packages/guard/src/adapters/nest/index.ts';
import type { Requirements } from '../../packages/guard/src/core/index.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { eventually } from '../support/eventually.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { decorate } from '../support/without-syntax.ts';
import { closing, connect, onceOf, startSocketIo, startWs, toGateway } from './gateways.ts';
import { PLATFORMS } from './start-app.ts';

const BEARER = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
interface WithKeycloak {
  readonly keycloak: KeycloakService;
}

/** A gateway that guards its connections, and has a message for a new token. */
function toGuarding(gateway: ClassDecorator, requirements?: Requirements): Type {
  const guarding = toGateway(gateway);
  Inject(KeycloakService)(guarding.prototype, 'keycloak');
  Object.assign(guarding.prototype, {
    async handleConnection(this: WithKeycloak, client: object) {
      await this.keycloak.connect(client, requirements ?? {});
    },
    async auth(this: WithKeycloak, client: object, { token }: { token: string }) {
      const { email } = await this.keycloak.renew(client, token);
      return { event: 'auth', data: email };
    },
  });
  decorate(guarding, 'auth', SubscribeMessage('auth'));
  return guarding;
}

/** The same, and whatever is sent to an open handler of it is told. */
function toHearing(gateway: ClassDecorator, hear: () => void): Type {
  const hearing = toGuarding(gateway);
  Object.assign(hearing.prototype, { heard: hear });
  decorate(hearing, 'heard', SubscribeMessage('heard'), Public());
  return hearing;
}

/** When a token ends: later than a first answer takes. Unit: seconds. */
const SOON = 4;
const REFUSED = { status: 'error', code: 'UNAUTHENTICATED', detail: 'Could not validate credentials' };
const OVER = [4401, 'Could not validate credentials'];

for (const platform of PLATFORMS) {
  describe(`an idle connection of ws in Nest on ${platform}`, () => {
    test('is closed at the end of its token, once a guarded message was let in', async (t) => {
      const { realm, url } = await startWs(t, platform);
      const [idle, open] = await Promise.all(
        [1, 2].map(() => connect(t, `${url}/chat`, BEARER(realm.mint({ exp: realm.now + SOON })))),
      );
      assert.equal(await idle?.ask('me'), 'abdullah');
      assert.equal(await open?.ask('open'), null);
      assert.deepEqual(await closing(idle?.client as WebSocket), OVER);
      assert.equal(await open?.ask('open'), null, 'where nothing is guarded nothing is closed');
    });

    test('is closed when its session is revoked, and others go on', async (t) => {
      const { realm, url, app } = await startWs(t, platform);
      const [one, other] = await Promise.all(
        ['s1', 's2'].map((sid) => connect(t, `${url}/chat`, BEARER(realm.mint({ sid })))),
      );
      assert.deepEqual([await one?.ask('me'), await other?.ask('me')], ['abdullah', 'abdullah']);
      const closed = closing(one?.client as WebSocket);
      const before = performance.now();
      const member = app.get(KeycloakService).verifier.members[0];
      await member?.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
      assert.deepEqual(await closed, OVER);
      // Sooner than each connection is asked about anyway.
      assert.ok(performance.now() - before < 4_000);
      assert.equal(await other?.ask('me'), 'abdullah');
    });
  });
}

/** The gateway guards its connections from the beginning. */
function startGuarding(t: TestContext, requirements?: Requirements, more?: object) {
  return startWs(t, 'express', more, toGuarding(WebSocketGateway({ path: '/chat' }), requirements));
}

describe('connect, on a connection of ws', () => {
  test('whoever says nothing is disconnected at the end of the token all the same', async (t) => {
    const { realm, url } = await startGuarding(t);
    const { client } = await connect(t, `${url}/chat`, BEARER(realm.mint({ exp: realm.now + SOON })));
    assert.deepEqual(await closing(client), OVER);
  });

  test('whoever is refused is disconnected, with a code that says why; onDenied is told', async (t) => {
    const denied: unknown[] = [];
    const onDenied: KeycloakModuleOptions['onDenied'] = (context, { code }, principal) =>
      denied.push([context.getType(), context.getHandler().name, code, principal?.username]);
    const { realm, url } = await startGuarding(t, { realmRole: 'admin' }, { onDenied });
    for (const [headers, code, reason] of [
      [undefined, 4401, 'Not authenticated'],
      [BEARER('garbage'), 4401, 'Could not validate credentials'],
      [BEARER(realm.mint()), 4403, 'Not enough permissions'],
    ] as const) {
      const { client } = await connect(t, `${url}/chat`, headers);
      assert.deepEqual(await closing(client), [code, reason]);
    }
    assert.deepEqual(denied, [
      ['ws', 'handleConnection', 'missing_token', undefined],
      ['ws', 'handleConnection', 'token_malformed', undefined],
      ['ws', 'handleConnection', 'role_missing', 'abdullah'],
    ]);
  });

  test('nobody can tell: to be tried again later; a fault is told to the log alone', async (t) => {
    const lines: string[] = [];
    t.mock.method(Logger.prototype, 'error', (line: string) => void lines.push(line));
    const { realm, url } = await startGuarding(t, {}, { tokenCheck: 'remote' });
    realm.setAll('down');
    const { client } = await connect(t, `${url}/chat`, BEARER(realm.mint()));
    assert.equal((await closing(client))[0], 1013);

    const tokenFrom = {
      ws: () => {
        throw new Error('a fault of the reader');
      },
    };
    const faulty = await startGuarding(t, {}, { tokenFrom });
    const other = await connect(t, `${faulty.url}/chat`, BEARER(faulty.realm.mint()));
    assert.deepEqual(await closing(other.client), [1011, 'Internal Server Error']);
    assert.match(lines.join('\n'), /A connection could not be guarded.*a fault of the reader/);
  });

  test('whoever is not let in is not heard, where a handler is open too: neither before it is decided nor after', async (t) => {
    let heard = 0;
    const gateway = toHearing(WebSocketGateway({ path: '/chat' }), () => heard++);
    const { realm, url } = await startWs(t, 'express', { tokenCheck: 'remote' }, gateway);
    const good = realm.mint();
    for (const token of ['', `authorization: Bearer ${good.slice(0, -8)}AAAAAAAA\r\n`]) {
      await sendAtOnce(url, token, 'heard', () => false);
    }
    assert.equal(heard, 0);
    await sendAtOnce(url, `authorization: Bearer ${good}\r\n`, 'heard', () => heard > 0);
    assert.equal(heard, 1);
  });

  test('a new token of the same person goes on with it, and later messages are of that token', async (t) => {
    const { realm, url } = await startGuarding(t);
    const { client, ask } = await connect(t, `${url}/chat`, BEARER(realm.mint({ exp: realm.now + SOON })));
    for (const [token, said] of [
      ['garbage', REFUSED],
      [42, { ...REFUSED, detail: 'Not authenticated' }],
      [realm.mint({ sub: 'somebody-else' }), REFUSED],
      [
        realm.mint({ email: 'new@example.com', realm_access: { roles: ['user', 'admin'] } }),
        'new@example.com',
      ],
    ] as const) {
      assert.deepEqual(await ask('auth', { token }), said);
    }
    assert.equal(await ask('admin'), true);
    await new Promise((resolve) => setTimeout(resolve, SOON * 1_000 + 300));
    assert.equal(client.readyState, 1);
    assert.equal(await ask('me'), 'abdullah');
  });

  test('by the cookie of a session: from the app’s own pages alone, and no longer than the session', async (t) => {
    const idp = await startIdp(t);
    const { url } = await startGuarding(t, undefined, {
      serverUrl: idp.url,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      clientSecret: SECRET,
      fetch: globalThis.fetch,
      clock: Date.now,
      session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' },
    });
    const redirectUris = [`${url}/*`];
    const attributes = { 'backchannel.logout.url': `${url}/backchannel-logout` };
    idp.updateClient('fastapi-keycloak', { redirectUris, attributes });
    const browser = openSocketBrowser({ url });
    await browser.open(`${url}/auth/login`);
    const cookie = browser.cookie(url);
    const foreign = await connect(t, `${url}/chat`, { headers: { cookie, origin: 'https://evil.example' } });
    assert.equal((await closing(foreign.client))[0], 4403);
    const { client, ask } = await connect(t, `${url}/chat`, { headers: { cookie, origin: url } });
    assert.equal(await ask('me'), 'abdullah');
    const closed = closing(client);
    await idp.logoutUser('abdullah');
    assert.equal((await closed)[0], 4401);
  });
});

describe('an idle connection of Socket.IO', () => {
  test('is told and disconnected at the end of its token, once a guarded message was let in', async (t) => {
    const { realm, open } = await startSocketIo(t);
    const { client, ask } = open({ auth: { token: realm.mint({ exp: realm.now + SOON }) } });
    assert.equal(await ask('me'), 'abdullah');
    const [[told], [why]] = await Promise.all([onceOf(client, 'auth_error'), onceOf(client, 'disconnect')]);
    assert.deepEqual([told, why], [{ detail: 'Could not validate credentials' }, 'io server disconnect']);
  });

  test('connect: whoever says nothing is disconnected as well, and whoever is refused at once', async (t) => {
    const { realm, open } = await startSocketIo(t, {}, toGuarding(WebSocketGateway()));
    const [good, none] = [open({ auth: { token: realm.mint({ exp: realm.now + SOON }) } }), open({})];
    const over = onceOf(good.client, 'auth_error');
    assert.deepEqual(await onceOf(none.client, 'auth_error'), [{ detail: 'Not authenticated' }]);
    await eventually('disconnected', () => none.client.disconnected);
    assert.equal(good.client.connected, true);
    assert.deepEqual(await over, [{ detail: 'Could not validate credentials' }]);
  });

  test('connect: whoever is not let in is not heard, and whoever is let in is heard in order', async (t) => {
    const heard: unknown[] = [];
    const gateway = toHearing(WebSocketGateway(), (...given: unknown[]) => void heard.push(given[1]));
    const { serverUrl, realm: name, clientId, clock, mint, ...realm } = createTestRealm();
    const fetch: typeof globalThis.fetch = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return realm.fetch(...given);
    };
    const options = { serverUrl, realm: name, clientId, clock, fetch, tokenCheck: 'remote' } as const;
    const { open } = await startSocketIo(t, options, gateway);
    const good = mint();
    const bad = open({ forceNew: true, auth: { token: `${good.slice(0, -8)}AAAAAAAA` } });
    for (const data of [1, 2]) bad.client.emit('heard', data);
    await onceOf(bad.client, 'disconnect');
    assert.deepEqual(heard, []);
    const { client } = open({ forceNew: true, auth: { token: good } });
    for (const data of [1, 2]) client.emit('heard', data);
    await eventually('heard', () => heard.length === 2);
    client.emit('heard', 3);
    await eventually('heard', () => heard.length === 3);
    assert.deepEqual(heard, [1, 2, 3]);
  });

  test('connect: whoever sends very much before it is decided is disconnected, and heard by nobody', async (t) => {
    let heard = 0;
    const gateway = toHearing(WebSocketGateway(), () => heard++);
    const { serverUrl, realm: name, clientId, clock, mint, ...realm } = createTestRealm();
    let isHeld = true;
    const fetch: typeof globalThis.fetch = async (...given) => {
      await eventually('it may answer', () => !isHeld);
      return realm.fetch(...given);
    };
    const options = { serverUrl, realm: name, clientId, clock, fetch, tokenCheck: 'remote' } as const;
    const { open } = await startSocketIo(t, options, gateway);
    const auth = { token: mint() };
    const [few, many] = [open({ forceNew: true, auth }), open({ forceNew: true, auth })];
    for (let data = 0; data < 100; data++) few.client.emit('heard', data);
    for (let data = 0; data < 101; data++) many.client.emit('heard', data);
    await onceOf(many.client, 'disconnect');
    assert.equal(few.client.connected, true);
    isHeld = false;
    await eventually('heard', () => heard === 100);
    assert.equal(few.client.connected, true);
  });

  test('socket: guards the handshake, and takes a new token by the event auth', async (t) => {
    const gateway = toGateway(WebSocketGateway());
    Inject(KeycloakService)(gateway.prototype, 'keycloak');
    gateway.prototype.afterInit = function (this: WithKeycloak, server: Server) {
      server.use(this.keycloak.socket({ realmRole: 'user' }));
    };
    const { realm, open } = await startSocketIo(t, {}, gateway);
    const [refused] = (await onceOf(open({ forceNew: true }).client, 'connect_error')) as [
      Error & { data: unknown },
    ];
    assert.deepEqual(refused.data, { statusCode: 401, detail: 'Not authenticated' });
    const { client, ask } = open({ forceNew: true, auth: { token: realm.mint({ exp: realm.now + SOON }) } });
    assert.equal(await ask('me'), 'abdullah');
    const weak = realm.mint({ realm_access: { roles: [] } });
    assert.deepEqual(await client.emitWithAck('auth', { token: weak }), {
      ok: false,
      detail: 'Not enough permissions',
    });
    const token = realm.mint({ realm_access: { roles: ['user', 'admin'] } });
    assert.deepEqual(await client.emitWithAck('auth', { token }), { ok: true });
    assert.equal(await ask('admin'), true);
    await new Promise((resolve) => setTimeout(resolve, SOON * 1_000 + 300));
    assert.equal(client.connected, true);
    assert.equal(await ask('me'), 'abdullah');
  });
});

/** The handshake and a message in one piece, and a message after that: until it is closed, or `isDone`. */
async function sendAtOnce(url: string, header: string, event: string, isDone: () => boolean): Promise<void> {
  const { hostname, port } = new URL(url);
  const message = Buffer.from(JSON.stringify({ event, data: {} }));
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]), message]);
  const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13';
  const key = `sec-websocket-key: ${Buffer.alloc(16).toString('base64')}`;
  const socket = connectTo(Number(port), hostname);
  socket.on('error', () => {}).resume();
  socket.write(`GET /chat HTTP/1.1\r\nhost: h\r\n${upgrade}\r\n${key}\r\n${header}\r\n`);
  socket.write(frame);
  let isClosed = false;
  socket.once('close', () => {
    isClosed = true;
  });
  // It is refused by then: nobody has to answer a close.
  if (header === '') socket.once('data', () => socket.write(frame));
  await eventually('closed, or heard', () => isClosed || isDone());
  socket.destroy();
}
