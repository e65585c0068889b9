// Clients of gateways that are neither of ws nor of Socket.IO: nobody here knows how they end.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { WsException } from '@nestjs/websockets';
import { KeycloakService, Require } from '../../packages/guard/src/adapters/nest/index.ts';
import type { Log } from '../../packages/guard/src/core/index.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { decorate } from '../support/without-syntax.ts';

class Gateway {
  me() {}
}
decorate(Gateway, Require({}));

function setUp(t: TestContext) {
  const lines: string[] = [];
  const say = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`);
  const log: Log = { info: say('info'), warn: say('warn'), error: say('error') };
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const keycloak = new KeycloakService({
    serverUrl,
    realm: name,
    clientId,
    fetch,
    clock,
    log,
    onNotice: false,
  });
  t.after(() => keycloak.close());
  return { keycloak, lines, token: realm.mint() };
}

const request = (token: string) => ({
  headers: { authorization: `Bearer ${token}`, host: 'localhost' },
  url: '/',
  socket: {},
});
const REFUSED = 'error: A client of a gateway is neither of ws nor of Socket.IO, and is refused';

test('connect refuses them, and ends them where they can be ended', async (t) => {
  const { keycloak, lines, token } = setUp(t);
  const ended: string[] = [];
  const end = (name: string) => () => void ended.push(name);
  const fails = () => {
    throw new Error('it is over already');
  };
  for (const client of [
    { close: end('close') },
    { disconnect: end('disconnect'), close: end('not both') },
    { end: end('end') },
    { terminate: fails },
    {},
    // Of ws, but too old to wait.
    { readyState: 1, once() {}, close: end('ws'), terminate: end('old ws') },
    undefined,
    'a text',
  ]) {
    const asGiven = typeof client === 'object' ? { ...client, request: request(token) } : client;
    assert.equal(await keycloak.connect(asGiven as object), undefined);
  }
  assert.deepEqual(ended, ['close', 'disconnect', 'end', 'old ws']);
  assert.deepEqual(lines, Array(8).fill(REFUSED));
});

test('their messages are guarded, each by itself; that the connection is not ended is told once', async (t) => {
  const { keycloak, lines, token } = setUp(t);
  const ask = async (given: string) => {
    const client = { request: request(given) };
    const context = new ExecutionContextHost([client, {}], Gateway, Gateway.prototype.me);
    context.setType('ws');
    return keycloak.admit(context);
  };
  assert.equal(await ask(token), true);
  assert.equal(await ask(token), true);
  await assert.rejects(
    async () => ask('garbage'),
    (refusal: WsException) => (refusal.getError() as { code: string }).code === 'UNAUTHENTICATED',
  );
  const warnings = lines.filter((line) => line.startsWith('warn'));
  assert.deepEqual(warnings, [
    'warn: Clients of a gateway are neither of ws nor of Socket.IO: each message is looked at, and the connection is not ended with its token',
  ]);
});
