// A global guard decides on messages too, wherever Nest itself takes it; and each kind of a handler is guarded.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  Controller,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  type ModuleMetadata,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, NestFactory, REQUEST } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import * as connect from '../../packages/connect/src/nest/index.ts';
import {
  KeycloakGuard,
  KeycloakModule,
  KeycloakService,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { GUARDS, startConnectApp } from '../connect/nest/start-connect-app.ts';
import { freePort } from '../support/free-port.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { decorate } from '../support/without-syntax.ts';
import { connect as connectWs, Sender } from './gateways.ts';
import { moduleOf, startApp } from './start-app.ts';

const tokenFrom = {
  rpc: (context: ExecutionContext) => context.switchToRpc().getData<{ token?: string }>().token,
};
const EVERYWHERE = [{ provide: APP_GUARD, useClass: KeycloakGuard }];
const MODULES = { nest: EVERYWHERE, 'connect/nest': GUARDS } as const;

interface Given {
  readonly providers?: ModuleMetadata['providers'];
  readonly prepare?: (app: INestApplication) => unknown;
}

function start(t: TestContext, module: keyof typeof MODULES, metadata: ModuleMetadata, given: Given = {}) {
  const { providers = MODULES[module], prepare } = given;
  const all = { ...metadata, providers: [...(metadata.providers ?? []), ...providers] };
  const realm = createTestRealm();
  const more = { realm, ...(prepare && { prepare }) };
  return module === 'nest'
    ? startApp(t, all, { ...more, options: { tokenFrom } })
    : startConnectApp(t, all, { ...more, config: { tokenFrom } });
}

/** A route that is a message too. */
function toController(...decorators: MethodDecorator[]): Type {
  class Things {
    run() {
      return 'in';
    }
  }
  decorate(Things, Controller());
  decorate(Things, 'run', Get('run'), MessagePattern('run'), ...decorators);
  return Things;
}

const listen =
  (port: number, hybrid: object = {}) =>
  async (app: INestApplication) => {
    const options = { port, host: '127.0.0.1' };
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options }, hybrid);
    await app.startAllMicroservices();
  };

function callerOf(t: TestContext, port: number) {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { port, host: '127.0.0.1' },
  });
  t.after(() => client.close());
  return (token?: string): Promise<unknown> =>
    firstValueFrom(client.send('run', { token })).catch((error: { code?: string }) => error.code ?? error);
}

const ADMIN = { realm_access: { roles: ['admin'] } };

for (const module of ['nest', 'connect/nest'] as const) {
  describe(`a global guard of ${module}`, () => {
    for (const [name, hybrid] of [
      ['a hybrid app', {}],
      ['a hybrid app that hands its global guards on', { inheritAppConfig: true }],
    ] as const) {
      test(`decides on a route that is a message too, of ${name}`, async (t) => {
        const port = await freePort();
        const { realm, get } = await start(
          t,
          module,
          { controllers: [toController()] },
          { prepare: listen(port, hybrid) },
        );
        const call = callerOf(t, port);
        assert.deepEqual([(await get('/run')).status, await call()], [401, 'UNAUTHENTICATED']);
        const token = realm.mint();
        assert.deepEqual([(await get('/run', token)).status, await call(token)], [200, 'in']);
      });
    }

    test('and the roles of such a handler count for both', async (t) => {
      const port = await freePort();
      const roles = module === 'nest' ? Roles('admin') : connect.Roles('realm:admin');
      const controllers = [toController(roles)];
      const { realm, get } = await start(t, module, { controllers }, { prepare: listen(port) });
      const call = callerOf(t, port);
      const [user, admin] = [realm.mint(), realm.mint(ADMIN)];
      assert.deepEqual([(await get('/run', user)).status, await call(user)], [403, 'FORBIDDEN']);
      assert.deepEqual([(await get('/run', admin)).status, await call(admin)], [200, 'in']);
    });

    test('of one application is not one of another with the same classes', async (t) => {
      const controllers = [toController()];
      const ports = [await freePort(), await freePort(), await freePort()] as const;
      await start(t, module, { controllers }, { prepare: listen(ports[0]) });
      await start(t, module, { controllers }, { prepare: listen(ports[1]), providers: [] });
      const other = await start(t, module, { controllers }, { prepare: listen(ports[2]) });
      const answers = ports.map((port) => callerOf(t, port)(other.realm.mint()));
      assert.deepEqual(await Promise.all(answers), ['UNAUTHENTICATED', 'in', 'in']);
    });

    test('given to useGlobalGuards decides on the messages of a gateway', async (t) => {
      class Chat {
        run() {
          return { event: 'run', data: 'in' };
        }
      }
      decorate(Chat, WebSocketGateway({ path: '/chat' }), UseFilters(Sender));
      decorate(Chat, 'run', SubscribeMessage('run'));
      const guard = module === 'nest' ? KeycloakGuard : connect.AuthGuard;
      const { realm, url } = await start(
        t,
        module,
        { providers: [Chat] },
        {
          providers: [],
          prepare(app) {
            app.useGlobalGuards(app.get(guard as Type));
            app.useWebSocketAdapter(new WsAdapter(app));
          },
        },
      );
      const headers = { authorization: `Bearer ${realm.mint()}` };
      assert.equal(await (await connectWs(t, `${url}/chat`, { headers })).ask('run'), 'in');
      const refused = await (await connectWs(t, `${url}/chat`)).ask('run');
      assert.equal((refused as { code: string }).code, 'UNAUTHENTICATED');
    });
  });
}

describe('a global guard that extends ours', () => {
  test('decides on messages as it decides on routes', async (t) => {
    class Closed extends KeycloakGuard {
      override canActivate() {
        return false;
      }
    }
    const port = await freePort();
    const { realm, get } = await start(
      t,
      'nest',
      { controllers: [toController()] },
      { prepare: listen(port), providers: [{ provide: APP_GUARD, useClass: Closed }] },
    );
    const token = realm.mint();
    assert.equal((await get('/run', token)).status, 403);
    assert.deepEqual(await callerOf(t, port)(token), { status: 'error', message: 'Forbidden resource' });
  });

  test('and is made for each request admits no message, for it is not at hand there', async (t) => {
    class Each extends connect.AuthGuard {}
    decorate(Each, Injectable({ scope: Scope.REQUEST }));
    Inject(connect.KeycloakConnectService)(Each, undefined, 0);
    Inject(REQUEST)(Each, undefined, 1);
    const port = await freePort();
    const { realm, get } = await start(
      t,
      'connect/nest',
      { controllers: [toController()] },
      { prepare: listen(port), providers: [{ provide: APP_GUARD, useClass: Each }] },
    );
    const token = realm.mint();
    assert.equal((await get('/run', token)).status, 200);
    assert.deepEqual(await callerOf(t, port)(token), { status: 'error', message: 'Forbidden resource' });
  });
});

/** It has a prototype, as a class has. */
function makeGuard(keycloak: KeycloakService) {
  return new KeycloakGuard(keycloak);
}

for (const [name, useFactory] of [
  ['an arrow', (keycloak: KeycloakService) => new KeycloakGuard(keycloak)],
  ['a function', makeGuard],
] as const) {
  test(`a global guard that ${name} makes for each request admits no message: nobody can say whether it is ours`, async (t) => {
    const port = await freePort();
    const made = { provide: APP_GUARD, scope: Scope.REQUEST, inject: [KeycloakService], useFactory };
    const { realm, get } = await start(
      t,
      'nest',
      { controllers: [toController()] },
      { prepare: listen(port), providers: [made] },
    );
    const token = realm.mint();
    assert.deepEqual([(await get('/run')).status, (await get('/run', token)).status], [401, 200]);
    for (const one of [undefined, token])
      assert.deepEqual(await callerOf(t, port)(one), { status: 'error', message: 'Forbidden resource' });
  });
}

test('a microservice of its own asks its global guard once', async (t) => {
  const { serverUrl, realm: name, clientId, fetch, clock, mint } = createTestRealm();
  const denied: unknown[] = [];
  const keycloak = KeycloakModule.forRoot({
    ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false, tokenFrom },
    onDenied: (_context, { code }) => void denied.push(code),
  });
  const port = await freePort();
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(
    moduleOf({ imports: [keycloak], controllers: [toController()], providers: EVERYWHERE }),
    { transport: Transport.TCP, options: { port, host: '127.0.0.1' }, logger: false },
  );
  t.after(() => app.close());
  await app.listen();
  const call = callerOf(t, port);
  assert.deepEqual([await call('garbage'), await call(mint())], ['UNAUTHENTICATED', 'in']);
  assert.equal(denied.length, 1);
});

test('a message in a class that is no gateway stops the start, though it is a route too', async (t) => {
  class Both {
    run() {
      return 'in';
    }
  }
  decorate(Both, Controller(), UseGuards(KeycloakGuard));
  decorate(Both, 'run', Get('run'), SubscribeMessage('run'), Roles('admin'));
  await assert.rejects(
    start(t, 'nest', { controllers: [Both] }, { providers: [] }),
    /- Both\.run: its class is no gateway/,
  );
});
