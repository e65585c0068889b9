import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Controller, Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import {
  KeycloakModule,
  type KeycloakModuleOptions,
  Principal,
  Public,
  Require,
  Roles,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { moduleOf } from './start-app.ts';

class MessageController {
  me(username: string | undefined) {
    return username;
  }
  admin() {
    return true;
  }
  open() {
    return 'in';
  }
}
decorate(MessageController, Controller());
decorate(MessageController, 'me', MessagePattern('me'), Require({}));
decorate(MessageController, 'admin', MessagePattern('admin'), Roles('admin'));
decorate(MessageController, 'open', MessagePattern('open'), Public());
decorateParameter(MessageController, 'me', Principal('username'));

/** At a port that was free a moment ago: another process may be faster, then at the next one. */
async function listen(t: TestContext, module: Type, attempts = 5): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const options = { transport: Transport.TCP, options: { port }, logger: false } as const;
  const app = await NestFactory.createMicroservice(module, options);
  t.after(() => app.close());
  try {
    await app.listen();
    return port;
  } catch (error) {
    if (attempts === 1 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(t, module, attempts - 1);
  }
}

/** A microservice over TCP, and a client of it. */
async function start(t: TestContext, options: Partial<KeycloakModuleOptions>) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const module = moduleOf({
    imports: [
      KeycloakModule.forRoot({
        ...{ serverUrl, realm: name, clientId, fetch, clock, onNotice: false },
        ...(options as object),
      }),
    ],
    controllers: [MessageController],
  });
  const port = await listen(t, module);
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port } });
  t.after(() => client.close());
  const ask = (pattern: string, token?: string): Promise<unknown> =>
    firstValueFrom(client.send(pattern, { token })).catch((error) => error);
  return { realm, ask };
}

describe('microservices of Nest', () => {
  const tokenFrom: KeycloakModuleOptions['tokenFrom'] = {
    rpc: (context) => context.switchToRpc().getData<{ token?: string }>().token,
  };

  test('the token is where tokenFrom.rpc says it is', async (t) => {
    const { realm, ask } = await start(t, { tokenFrom });
    const token = realm.mint();
    assert.equal(await ask('me', token), 'abdullah');
    assert.equal(await ask('open'), 'in');
    assert.equal(await ask('admin', realm.mint({ realm_access: { roles: ['admin'] } })), true);
    const refused = (code: string, detail: string) => ({ status: 'error', code, detail });
    assert.deepEqual(await ask('me'), refused('UNAUTHENTICATED', 'Not authenticated'));
    assert.deepEqual(
      await ask('me', 'garbage'),
      refused('UNAUTHENTICATED', 'Could not validate credentials'),
    );
    assert.deepEqual(await ask('admin', token), refused('FORBIDDEN', 'Not enough permissions'));
    realm.advance(3600);
    assert.deepEqual(await ask('me', token), refused('UNAUTHENTICATED', 'Could not validate credentials'));
  });

  test('without it every guarded message is refused, and the log says why', async (t) => {
    const lines: string[] = [];
    t.mock.method(Logger.prototype, 'error', (line: string) => void lines.push(line));
    const { realm, ask } = await start(t, {});
    assert.deepEqual(await ask('me', realm.mint()), {
      status: 'error',
      code: 'INTERNAL_SERVER_ERROR',
      detail: 'Internal Server Error',
    });
    assert.equal(await ask('open'), 'in');
    assert.match(lines.join('\n'), /say where it is with tokenFrom\.rpc/);
  });
});
