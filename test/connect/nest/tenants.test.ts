import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { AuthGuard } from '../../../packages/connect/src/nest/index.ts';
import { createMemoryRevocationStore } from '../../../packages/guard/src/core/index.ts';
import { closing, connect } from '../../nest/gateways.ts';
import { decorate } from '../../support/without-syntax.ts';
import { startConnectApp } from './start-connect-app.ts';

class ChatGateway {
  me() {
    return { event: 'me', data: 'in' };
  }
}
decorate(ChatGateway, WebSocketGateway({ path: '/chat' }), UseGuards(AuthGuard));
decorate(ChatGateway, 'me', SubscribeMessage('me'));

class MeController {
  me() {
    return {};
  }
}
decorate(MeController, Controller(), UseGuards(AuthGuard));
decorate(MeController, 'me', Get('me'));

test('whoever names 250 realms does not keep an idle connection of another realm open after its session', async (t) => {
  const revocationStore = createMemoryRevocationStore();
  const { realm, url, get } = await startConnectApp(
    t,
    { controllers: [MeController], providers: [ChatGateway] },
    {
      prepare: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
      config: {
        realm: undefined as never,
        multiTenant: {
          realmResolver: ({ headers }: { headers: Record<string, string> }) =>
            headers['x-tenant'] ?? 'testing',
        },
        verifier: { revocationStore },
      },
    },
  );
  const headers = { authorization: `Bearer ${realm.mint({ sid: 's1' })}` };
  const { client, ask } = await connect(t, `${url}/chat`, { headers });
  assert.equal(await ask('me'), 'in');
  const named = Array.from({ length: 250 }, (_, index) =>
    get('/me', 'garbage', { headers: { 'x-tenant': `made-up-${index}` } }),
  );
  for (const { status } of await Promise.all(named)) assert.equal(status, 401);
  await revocationStore.add({ type: 'session', issuer: realm.issuer, sessionId: 's1' } as never);
  assert.deepEqual(await closing(client), [4401, 'Could not validate credentials']);
});
