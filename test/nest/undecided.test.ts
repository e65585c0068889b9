import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inject } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { WebSocket } from 'ws';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/index.ts';
import { closing, PATIENCE_MS, startSocketIo, startWs, toGateway } from './gateways.ts';

interface ToAll {
  send?(data: string, told?: (error?: Error) => void): void;
  readonly nsp?: { emit(event: string, data: string): void };
}

/** While it decides on a client, each of its gateways sends something to all. */
function toTelling(gateway: ClassDecorator) {
  const telling = toGateway(gateway);
  Inject(KeycloakService)(telling.prototype, 'keycloak');
  Object.assign(telling.prototype, {
    async handleConnection(this: { readonly keycloak: KeycloakService }, client: ToAll) {
      const decided = [1, 2].map(() => this.keycloak.connect(client));
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

test('what a gateway of ws sends to all is for those who were let in', async (t) => {
  const { realm, url } = await startWs(
    t,
    'express',
    { tokenCheck: 'remote' },
    toTelling(WebSocketGateway({ path: '/chat' })),
  );
  const good = realm.mint();
  const open = (token: string) => {
    const client = new WebSocket(`${url.replace('http:', 'ws:')}/chat`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const heard: string[] = [];
    const all = new Promise<void>((resolve, reject) => {
      setTimeout(reject, PATIENCE_MS, new Error('not heard')).unref();
      client.on('message', (data) => heard.push(String(data)) === ALL.length && resolve());
    });
    all.catch(() => {});
    t.after(() => client.terminate());
    return { client, heard, all };
  };
  const refused = open(FORGED(good));
  assert.equal((await closing(refused.client))[0], 4401);
  assert.deepEqual(refused.heard, []);
  const admitted = open(good);
  await admitted.all;
  assert.deepEqual(admitted.heard, ALL);
});

test('what a gateway of Socket.IO sends to all is for those who were let in', async (t) => {
  const { realm, open } = await startSocketIo(t, { tokenCheck: 'remote' }, toTelling(WebSocketGateway()));
  const good = realm.mint();
  const refused = open({ auth: { token: FORGED(good) }, reconnection: false });
  const heard: string[] = [];
  refused.client.on('news', (data) => heard.push(data));
  const reason = new Promise((resolve) => refused.client.once('auth_error', resolve));
  await new Promise((resolve) => refused.client.once('disconnect', resolve));
  assert.deepEqual(await reason, { detail: 'Could not validate credentials' });
  assert.deepEqual(heard, []);
  const admitted = open({ auth: { token: good }, forceNew: true });
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    admitted.client.on('news', (data) => told.push(data) === ALL.length && resolve());
  });
  assert.deepEqual(told, ALL);
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

test('a client of ws that would miss something connects again, and who sent it is told', async (t) => {
  for (const change of [FORGED, String]) {
    const { flooding, told } = toFlooding(WebSocketGateway({ path: '/chat' }));
    const { realm, url } = await startWs(t, 'express', { tokenCheck: 'remote' }, flooding);
    const authorization = `Bearer ${change(realm.mint())}`;
    const client = new WebSocket(`${url.replace('http:', 'ws:')}/chat`, { headers: { authorization } });
    const heard: unknown[] = [];
    client.on('message', (data) => heard.push(data));
    assert.deepEqual(await closing(client), [1013, 'Too much to send']);
    assert.deepEqual(heard, []);
    assert.equal(told.filter((one) => one instanceof Error).length, 102);
  }
});

test('a client of Socket.IO that would miss something connects again', async (t) => {
  const { flooding } = toFlooding(WebSocketGateway());
  const { realm, open } = await startSocketIo(t, { tokenCheck: 'remote' }, flooding);
  const { client } = open({ auth: { token: realm.mint() }, reconnection: false });
  const heard: unknown[] = [];
  client.on('news', (data) => heard.push(data));
  assert.equal(await new Promise((resolve) => client.once('disconnect', resolve)), 'transport close');
  assert.deepEqual(heard, []);
});

test('where Socket.IO sends what was missed before it is decided who it is, nobody is let in', async (t) => {
  const recovering = toTelling(WebSocketGateway({ connectionStateRecovery: { skipMiddlewares: false } }));
  const { realm, open } = await startSocketIo(t, {}, recovering);
  const { client } = open({ auth: { token: realm.mint() }, reconnection: false });
  const reason = new Promise((resolve) => client.once('auth_error', resolve));
  const isHeard = new Promise((resolve) => client.once('news', resolve));
  assert.deepEqual(await Promise.race([reason, isHeard]), { detail: 'Internal Server Error' });
});
