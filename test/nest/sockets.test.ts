import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Logger, UseFilters } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import { mintLogoutToken } from '../core/signed-messages.ts';
import { freePort } from '../support/free-port.ts';
import { decorate } from '../support/without-syntax.ts';
import { closing, connect, Sender, startSocketIo, startWs, toGateway } from './gateways.ts';
import { PLATFORMS, startApp } from './start-app.ts';

const UNAUTHENTICATED = (detail: string) => ({ status: 'error', code: 'UNAUTHENTICATED', detail });
const BAD = UNAUTHENTICATED('Could not validate credentials');

for (const platform of PLATFORMS) {
  describe(`a gateway of ws in Nest on ${platform}`, () => {
    test('answers whom the handshake’s token names, until Keycloak tells of a logout', async (t) => {
      const { realm, url, get } = await startWs(t, platform);
      const headers = { authorization: `Bearer ${realm.mint({ sid: 's1' })}` };
      const { client, ask } = await connect(t, `${url}/chat`, { headers });
      assert.equal(await ask('me'), 'abdullah');
      assert.deepEqual(await ask('admin'), {
        status: 'error',
        code: 'FORBIDDEN',
        detail: 'Not enough permissions',
      });
      const closed = closing(client);
      const logout = await get('/backchannel-logout', undefined, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: mintLogoutToken(realm, { sid: 's1' }) }),
      });
      assert.equal(logout.status, 204);
      assert.deepEqual(await closed, [4401, 'Could not validate credentials']);
    });

    test('a token that is over is refused on the connection that it opened', async (t) => {
      // A look at the open connections would close it, if it came before the message: none comes, and the first timer for it is awaited.
      const isWatched = new Promise<void>((resolve) => {
        t.mock.method(globalThis, 'setInterval', () => ({ unref: resolve }));
      });
      const { realm, url } = await startWs(t, platform);
      const { ask } = await connect(t, `${url}/chat`, {
        headers: { authorization: `Bearer ${realm.mint()}` },
      });
      assert.equal(await ask('me'), 'abdullah');
      await isWatched;
      realm.advance(3600);
      assert.deepEqual(await ask('me'), BAD);
      assert.equal(await ask('open'), null, 'who was there before is forgotten');
    });

    test('messages that arrive together have each what its handler asks for', async (t) => {
      const { realm, url } = await startWs(t, platform);
      const { client, ask } = await connect(t, `${url}/chat`, {
        headers: { authorization: `Bearer ${realm.mint()}` },
      });
      assert.equal(await ask('me'), 'abdullah');
      const answers: unknown[] = [];
      const both = new Promise<void>((resolve) => {
        client.on('message', (said) => {
          answers.push(JSON.parse(String(said)));
          if (answers.length === 2) resolve();
        });
      });
      const { _socket: socket } = client as unknown as { _socket: Socket };
      socket.cork();
      for (const event of ['me', 'open']) client.send(JSON.stringify({ event, data: {} }));
      socket.uncork();
      await both;
      assert.deepEqual(answers, [
        { event: 'me', data: 'abdullah' },
        { event: 'open', data: null },
      ]);
    });

    test('without a token nobody is answered but where it is open', async (t) => {
      const { url } = await startWs(t, platform);
      const { ask } = await connect(t, `${url}/chat`);
      assert.deepEqual(await ask('me'), UNAUTHENTICATED('Not authenticated'));
      assert.equal(await ask('open'), null);
    });
  });
}

describe('where the token of a WebSocket stands', () => {
  test('tokenFrom.ws says it, and then nothing else counts', async (t) => {
    const tokens: { now?: string } = {};
    const { realm, url } = await startWs(t, 'express', { tokenFrom: { ws: () => tokens.now } });
    const headers = { authorization: `Bearer ${realm.mint()}` };
    const { ask } = await connect(t, `${url}/chat`, { headers });
    assert.deepEqual(await ask('me'), UNAUTHENTICATED('Not authenticated'));
    tokens.now = realm.mint({ preferred_username: 'sara' });
    assert.equal(await ask('me'), 'sara');
  });

  test('on a port of its own nobody saw the handshake: refused, until the gateway says it', async (t) => {
    const lines: string[] = [];
    t.mock.method(Logger.prototype, 'error', (line: string) => void lines.push(line));
    const holder: { keycloak?: KeycloakService; isSaid?: boolean } = {};
    const port = await freePort();
    const gateway = toGateway(WebSocketGateway(port));
    gateway.prototype.handleConnection = (client: WebSocket, request: IncomingMessage) => {
      if (holder.isSaid) holder.keycloak?.handshake(client, request);
    };
    decorate(gateway, UseFilters(Sender));
    const { realm, app } = await startApp(
      t,
      { providers: [gateway] },
      { prepare: (one) => one.useWebSocketAdapter(new WsAdapter(one)) },
    );
    holder.keycloak = app.get(KeycloakService);
    const headers = { authorization: `Bearer ${realm.mint()}` };
    const before = await connect(t, `http://127.0.0.1:${port}`, { headers });
    assert.deepEqual(await before.ask('me'), {
      status: 'error',
      code: 'INTERNAL_SERVER_ERROR',
      detail: 'Internal Server Error',
    });
    holder.isSaid = true;
    const after = await connect(t, `http://127.0.0.1:${port}`, { headers });
    assert.equal(await after.ask('me'), 'abdullah');
    assert.match(lines.join('\n'), /The handshake of this client is unknown/);
  });
});

describe('a gateway of Socket.IO', () => {
  test('takes the token of the handshake: auth.token, or the header', async (t) => {
    const { realm, open } = await startSocketIo(t);
    const token = realm.mint();
    assert.equal(await open({ auth: { token } }).ask('me'), 'abdullah');
    assert.equal(await open({ extraHeaders: { authorization: `Bearer ${token}` } }).ask('me'), 'abdullah');
    const polling = { transports: ['polling'], extraHeaders: { authorization: `Bearer ${token}` } };
    assert.equal(await open(polling).ask('me'), 'abdullah');
  });

  test('refuses whoever has none, or a bad one, and looks again with each message', async (t) => {
    const { realm, open } = await startSocketIo(t);
    assert.deepEqual(await open({}).ask('me'), UNAUTHENTICATED('Not authenticated'));
    assert.deepEqual(await open({ auth: { token: 'garbage' } }).ask('me'), BAD);
    assert.deepEqual(await open({ auth: { token: ['x'] } }).ask('me'), UNAUTHENTICATED('Not authenticated'));
    const { ask } = open({ auth: { token: realm.mint() } });
    assert.equal(await ask('me'), 'abdullah');
    realm.advance(3600);
    assert.deepEqual(await ask('me'), BAD);
  });
});
