import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { AuthGuard, KeycloakMultiTenantService } from '../../../packages/connect/src/nest/index.ts';
import { createMemoryRevocationStore } from '../../../packages/guard/src/core/index.ts';
import { closing, connect } from '../../nest/gateways.ts';
import { createTestKey } from '../../support/signing-keys.ts';
import { createTestRealm, type TestRealm } from '../../support/test-realm.ts';
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

test('a realm that Keycloak does not have is a 401, as one that the resolver does not name; a proxy that has no Keycloak is none', async (t) => {
  const realm = createTestRealm();
  const answers = [{ error: 'Realm does not exist' }, { error: 'default backend - 404' }];
  const { get } = await startConnectApp(
    t,
    { controllers: [MeController] },
    {
      realm,
      config: {
        realm: undefined as never,
        multiTenant: { realmResolver: ({ headers }: Asked) => headers['x-tenant'] as string },
        verifier: {
          fetch: async (url, init) => {
            const [, at] = /realms\/made-up-(\d)/.exec(String(url)) ?? [];
            return at === undefined
              ? realm.fetch(url, init)
              : Response.json(answers[Number(at)], { status: 404 });
          },
        },
      },
    },
  );
  const statuses: number[] = [];
  for (const name of ['made-up-0', 'made-up-0', 'made-up-1', 'testing'])
    statuses.push((await get('/me', realm.mint(), { headers: { 'x-tenant': name } })).status);
  assert.deepEqual(statuses, [401, 401, 500, 200]);
});

const KEY = createTestKey('ES256');
/** The realm of the settings, and two that are others in one thing. */
const NAMES = ['all', 'a', 'b'];
for (const [what, settings, resolvers] of [
  [
    'on another server',
    NAMES.map((name) => ({ serverUrl: `https://${name}.example` })),
    {
      realmAuthServerUrlResolver: (_: string, { headers }: Asked) => `https://${headers['x-tenant']}.example`,
    },
  ],
  [
    'with another client',
    NAMES.map((name) => ({ clientId: `client-of-${name}`, keys: [KEY] })),
    { realmClientIdResolver: (_: string, { headers }: Asked) => `client-of-${headers['x-tenant']}` },
  ],
] as const) {
  test(`a realm of the same name ${what} is another tenant: its tokens are good there alone, whoever comes first`, async (t) => {
    const realms = settings.map((own) => createTestRealm(own));
    const [all] = realms as [TestRealm];
    const get: typeof fetch = (url, init) =>
      (realms.find(({ serverUrl }) => String(url).startsWith(serverUrl)) ?? all).fetch(url, init);
    const multiTenant = { realmResolver: () => 'testing', ...resolvers };
    const { get: ask, app } = await startConnectApp(
      t,
      { controllers: [MeController] },
      { realm: all, config: { realm: undefined as never, multiTenant, verifier: { fetch: get } } },
    );
    const pairs = NAMES.flatMap((name) => realms.map((realm, of) => ({ name, realm, of: NAMES[of] })));
    const statusOf = async ({ name, realm }: (typeof pairs)[number]) =>
      (await ask('/me', realm.mint(), { headers: { 'x-tenant': name } })).status;
    const expected = pairs.map(({ name, of }) => (name === of ? 200 : 401));
    for (let turn = 0; turn < 2; turn++) {
      const statuses: number[] = [];
      for (const pair of pairs) statuses.push(await statusOf(pair));
      assert.deepEqual(statuses, expected);
    }
    assert.deepEqual(await Promise.all(pairs.map(statusOf)), expected);

    const service = app.get(KeycloakMultiTenantService);
    const instances = await Promise.all(
      [...NAMES, ...NAMES].map((name) => service.get('testing', { headers: { 'x-tenant': name } })),
    );
    assert.equal(new Set(instances).size, NAMES.length);
  });
}

interface Asked {
  readonly headers: Readonly<Record<string, string>>;
}
