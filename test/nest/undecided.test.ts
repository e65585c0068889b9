import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Inject } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { WebSocket } from 'ws';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import type { Requirements } from '../../packages/guard/src/core/index.ts';
import { PATIENCE_MS, startSocketIo, startWs, toGateway } from './gateways.ts';

interface ToAll {
  send?(data: string, told?: (error?: Error) => void): void;
  readonly nsp?: { emit(event: string, data: string): void };
}

/** While each of its two gateways decides on a client, something is sent to all. @param second what the second one asks for */
function toTelling(gateway: ClassDecorator, second: Requirements = {}) {
  const telling = toGateway(gateway);
  Inject(KeycloakService)(telling.prototype, 'keycloak');
  Object.assign(telling.prototype, {
    async handleConnection(this: { readonly keycloak: KeycloakService }, client: ToAll) {
      const decided = [{}, second].map((needed) => this.keycloak.connect(client, needed));
      for (const data of ['first', 'second']) {
        if (client.nsp) client.nsp.emit('news', data);
        else client.send?.(data);
        await new Promise(setImmediate);
      }
      if (await decided[0]) client.nsp ? client.nsp.emit('news', 'last') : client.send?.('last');
    },
  });
  return telling;
}

const FORGED = (token: string) => `${token.slice(0, -8)}AAAAAAAA`;
const ALL = ['first', 'second', 'last'];
/** Where not even the wrong thing happens, a test of these waits no longer. */
const AT_MOST = { timeout: PATIENCE_MS };

/** Which of these events of a client comes first, with what it brings: the wrong one ends the wait too. */
const first = (client: object, ...events: string[]): Promise<unknown[]> =>
  Promise.race(events.map(async (event) => [event, ...(await once(client as NodeJS.EventEmitter, event))]));

const ADMIN = { realmRole: 'admin' };

test('what a gateway of ws sends to all is for those whom all gateways let in', AT_MOST, async (t) => {
  const hearing = async (second: Requirements, change: (token: string) => string = String) => {
    const telling = toTelling(WebSocketGateway({ path: '/chat' }), second);
    const { realm, url } = await startWs(t, 'express', { tokenCheck: 'remote' }, telling);
    const client = new WebSocket(`${url.replace('http:', 'ws:')}/chat`, {
      headers: { authorization: `Bearer ${change(realm.mint())}` },
    });
    t.after(() => client.terminate());
    const heard: string[] = [];
    client.on('message', (data) => {
      heard.push(String(data));
      if (heard.at(-1) === 'last') client.emit('all');
    });
    const [end, code] = await first(client, 'close', 'all');
    return { heard, end, code };
  };
  assert.deepEqual(await hearing({}, FORGED), { heard: [], end: 'close', code: 4401 });
  assert.deepEqual(await hearing(ADMIN), { heard: [], end: 'close', code: 4403 });
  assert.deepEqual(await hearing({}), { heard: ALL, end: 'all', code: undefined });
});

test('what a gateway of Socket.IO sends to all is for those whom all gateways let in', AT_MOST, async (t) => {
  const hearing = async (second: Requirements, change: (token: string) => string = String) => {
    const telling = toTelling(WebSocketGateway(), second);
    const { realm, open } = await startSocketIo(t, { tokenCheck: 'remote' }, telling);
    const { client } = open({ auth: { token: change(realm.mint()) }, reconnection: false, forceNew: true });
    const heard: unknown[] = [];
    client.onAny((event, data) => {
      heard.push(event === 'news' ? data : data.detail);
      if (data === 'last') client.disconnect();
    });
    await first(client, 'disconnect');
    return heard;
  };
  assert.deepEqual(await hearing({}, FORGED), ['Could not validate credentials']);
  assert.deepEqual(await hearing(ADMIN), ['Not enough permissions']);
  assert.deepEqual(await hearing({}), ALL);
});

/** While it decides on a client, more is sent to it than waits. */
function toFlooding(gateway: ClassDecorator) {
  const flooding = toGateway(gateway);
  const told: (Error | undefined)[] = [];
  Inject(KeycloakService)(flooding.prototype, 'keycloak');
  Object.assign(flooding.prototype, {
    async handleConnection(this: { readonly keycloak: KeycloakService }, client: ToAll) {
      const decided = this.keycloak.connect(client);
      for (let count = 0; count <= 101; count++) {
        if (client.nsp) client.nsp.emit('news', 'one of many');
        else client.send?.('one of many', (error) => told.push(error));
      }
      await decided;
    },
  });
  return { flooding, told };
}

test(
  'a client of ws that would miss something connects again, and who sent it is told',
  AT_MOST,
  async (t) => {
    for (const change of [FORGED, String]) {
      const { flooding, told } = toFlooding(WebSocketGateway({ path: '/chat' }));
      const { realm, url } = await startWs(t, 'express', { tokenCheck: 'remote' }, flooding);
      const authorization = `Bearer ${change(realm.mint())}`;
      const client = new WebSocket(`${url.replace('http:', 'ws:')}/chat`, { headers: { authorization } });
      t.after(() => client.terminate());
      const [event, code, reason] = await first(client, 'close', 'message');
      assert.deepEqual([event, code, String(reason)], ['close', 1013, 'Too much to send']);
      assert.equal(told.filter((one) => one instanceof Error).length, 102);
    }
  },
);

test('a client of Socket.IO that would miss something connects again', AT_MOST, async (t) => {
  const { flooding } = toFlooding(WebSocketGateway());
  const { realm, open } = await startSocketIo(t, { tokenCheck: 'remote' }, flooding);
  const { client } = open({ auth: { token: realm.mint() }, reconnection: false });
  assert.deepEqual((await first(client, 'disconnect', 'news')).slice(0, 2), [
    'disconnect',
    'transport close',
  ]);
});

test(
  'where Socket.IO sends what was missed before it is decided who it is, nobody is let in',
  AT_MOST,
  async (t) => {
    const recovering = toTelling(WebSocketGateway({ connectionStateRecovery: { skipMiddlewares: false } }));
    const { realm, open } = await startSocketIo(t, {}, recovering);
    const { client } = open({ auth: { token: realm.mint() }, reconnection: false });
    const said = await first(client, 'auth_error', 'news');
    assert.deepEqual(said.slice(0, 2), ['auth_error', { detail: 'Internal Server Error' }]);
  },
);
