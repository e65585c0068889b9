// Applications of nest-keycloak-connect have no line about connections: the guards see to them.
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { type INestApplication, Inject, type Type, UseFilters, UseGuards } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import {
  AccessToken,
  AuthGuard,
  type KeycloakConnectConfig,
  KeycloakConnectService,
  KeycloakUser,
  Public,
  ResourceGuard,
  RoleGuard,
  Roles,
} from '../../../packages/connect/src/nest/index.ts';
import { closing, connect, keepFirst, onceOf, Sender } from '../../nest/gateways.ts';
import { PLATFORMS, type Platform } from '../../nest/start-app.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { createTestRealm } from '../../support/test-realm.ts';
import { decorate, decorateParameter } from '../../support/without-syntax.ts';
import { startConnectApp } from './start-connect-app.ts';

interface WithKeycloak {
  readonly keycloak: KeycloakConnectService;
}

function toGateway(gateway: ClassDecorator): Type {
  class ChatGateway {
    me(user: { preferred_username?: string } | undefined, token: string | undefined) {
      return { event: 'me', data: [user?.preferred_username, typeof token] };
    }
    open() {
      return { event: 'open', data: 'open' };
    }
    admin() {
      return { event: 'admin', data: true };
    }
  }
  // As applications have it, for Nest takes no APP_GUARD to gateways.
  decorate(ChatGateway, gateway, UseFilters(Sender), UseGuards(AuthGuard, ResourceGuard, RoleGuard));
  decorate(ChatGateway, 'me', SubscribeMessage('me'));
  decorate(ChatGateway, 'open', SubscribeMessage('open'), Public());
  decorate(ChatGateway, 'admin', SubscribeMessage('admin'), Roles('realm:admin'));
  decorateParameter(ChatGateway, 'me', KeycloakUser());
  decorateParameter(ChatGateway, 'me', AccessToken(), 1);
  return ChatGateway;
}

function start(
  t: TestContext,
  platform: Platform,
  given: {
    config?: KeycloakConnectConfig;
    gateway?: Type;
    adapter?: (app: INestApplication) => unknown;
  } = {},
) {
  const { config = {}, gateway = toGateway(WebSocketGateway({ path: '/chat' })) } = given;
  const { adapter = (app) => app.useWebSocketAdapter(new WsAdapter(app)) } = given;
  return startConnectApp(
    t,
    { providers: [gateway] },
    { platform, realm: createTestRealm(), config, prepare: adapter },
  );
}

const BEARER = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
/** When a token ends: later than a first answer takes. Unit: seconds. */
const SOON = 4;
const OVER = [4401, 'Could not validate credentials'];
const ME = ['abdullah', 'string'];

for (const platform of PLATFORMS) {
  describe(`a gateway of ws behind the three guards, on ${platform}`, () => {
    test('messages are by the token of the handshake', async (t) => {
      const { realm, url } = await start(t, platform);
      const good = await connect(t, `${url}/chat`, BEARER(realm.mint()));
      assert.deepEqual(await good.ask('me'), ME);
      assert.deepEqual(await good.ask('admin'), {
        ...{ status: 'error', code: 'FORBIDDEN', detail: 'Not enough permissions' },
      });
      const nobody = await connect(t, `${url}/chat`);
      assert.deepEqual(await nobody.ask('me'), {
        ...{ status: 'error', code: 'UNAUTHENTICATED', detail: 'Not authenticated' },
      });
      assert.equal(await nobody.ask('open'), 'open');
    });

    test('a message that is decided on does not take the caller away from one that was let in', async (t) => {
      class MixedGateway {
        me(user: { preferred_username?: string } | undefined) {
          return { event: 'me', data: user?.preferred_username ?? null };
        }
        role() {
          return { event: 'role', data: true };
        }
      }
      decorate(MixedGateway, WebSocketGateway({ path: '/chat' }));
      decorate(MixedGateway, 'me', SubscribeMessage('me'), UseGuards(AuthGuard));
      const all = UseGuards(AuthGuard, ResourceGuard, RoleGuard);
      decorate(MixedGateway, 'role', SubscribeMessage('role'), all, Roles('realm:user'));
      decorateParameter(MixedGateway, 'me', KeycloakUser());
      const { realm, url } = await start(t, platform, { gateway: MixedGateway });
      const token = realm.mint({ realm_access: { roles: ['user'] } });
      const { client, ask } = await connect(t, `${url}/chat`, BEARER(token));
      assert.equal(await ask('me'), 'abdullah');
      const said = new Promise((resolve) => {
        client.on('message', (one) => {
          const { event, data } = JSON.parse(String(one));
          if (event === 'me') resolve(data);
        });
      });
      // Both arrive at once.
      const { _socket: socket } = client as unknown as { _socket: Duplex };
      socket.cork();
      for (const event of ['role', 'me']) client.send(JSON.stringify({ event, data: {} }));
      socket.uncork();
      assert.equal(await said, 'abdullah');
    });

    test('an idle connection is closed at the end of its token, once a guarded message was let in', async (t) => {
      const { realm, url } = await start(t, platform);
      const [idle, open] = await Promise.all(
        [1, 2].map(() => connect(t, `${url}/chat`, BEARER(realm.mint({ exp: realm.now + SOON })))),
      );
      if (idle === undefined || open === undefined) return assert.fail();
      assert.deepEqual(await idle.ask('me'), ME);
      assert.equal(await open.ask('open'), 'open');
      assert.deepEqual(await closing(idle.client), OVER);
      assert.equal(await open.ask('open'), 'open', 'where nothing is guarded nothing is closed');
    });
  });
}

test('of several realms, each ends the connections of its own tokens', async (t) => {
  const [one, other] = [createTestRealm({ realm: 'one' }), createTestRealm({ realm: 'other' })];
  const fetch: typeof globalThis.fetch = (input, init) =>
    (String(input).includes('/realms/one/') ? one : other).fetch(input, init);
  const { url } = await start(t, 'express', {
    config: {
      multiTenant: {
        realmResolver: ({ headers }: { headers: Record<string, string> }) => headers['x-realm'],
      },
      verifier: { fetch },
    },
  });
  const open = (realm: typeof one, exp?: number) => {
    const authorization = `Bearer ${realm.mint(exp === undefined ? {} : { exp })}`;
    return connect(t, `${url}/chat`, { headers: { authorization, 'x-realm': realm.realm } });
  };
  const [short, long] = await Promise.all([open(one, one.now + SOON), open(other)]);
  assert.deepEqual([await short.ask('me'), await long.ask('me')], [ME, ME]);
  assert.deepEqual(await closing(short.client), OVER);
  assert.deepEqual(await long.ask('me'), ME);
});

test('a gateway on a port of its own says itself which request a client began with', async (t) => {
  const port = await freePort();
  const gateway = toGateway(WebSocketGateway(port));
  Inject(KeycloakConnectService)(gateway.prototype, 'keycloak');
  Object.assign(gateway.prototype, {
    handleConnection(this: WithKeycloak, client: object, request: never) {
      this.keycloak.handshake(client, request);
    },
  });
  const { realm } = await start(t, 'express', { gateway });
  const { ask } = await connect(t, `http://127.0.0.1:${port}`, BEARER(realm.mint()));
  assert.deepEqual(await ask('me'), ME);
});

test('an idle connection of Socket.IO is told, and disconnected when its token ends', async (t) => {
  const { realm, url } = await start(t, 'express', {
    gateway: toGateway(WebSocketGateway()),
    adapter: (app) => app.useWebSocketAdapter(new IoAdapter(app)),
  });
  const token = realm.mint({ exp: realm.now + SOON });
  const client = io(url, { transports: ['websocket'], auth: { token } });
  t.after(() => client.disconnect());
  keepFirst(client, 'auth_error', 'me');
  client.emit('me', {});
  assert.deepEqual(await onceOf(client, 'me'), [ME]);
  assert.deepEqual(await onceOf(client, 'auth_error'), [{ detail: 'Could not validate credentials' }]);
  await eventually('disconnected', () => client.disconnected);
});
