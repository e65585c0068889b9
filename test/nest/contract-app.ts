import 'reflect-metadata';
import { setTimeout as wait } from 'node:timers/promises';
import { Controller, Get, type INestApplication, Module, Post, Req, Res, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Principal as Caller } from '../../packages/guard/src/core/index.ts';
import {
  KeycloakModule,
  type KeycloakRequest,
  OptionalAuth,
  Principal,
  Require,
  Roles,
  Scopes,
} from '../../packages/guard/src/nest/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';

const whoami = (principal: Caller | undefined) => ({ username: principal?.username ?? null });

class AppController {
  open() {
    return { open: true };
  }
  guarded(principal: Caller) {
    return whoami(principal);
  }
  posted(principal: Caller) {
    return whoami(principal);
  }
  admin(request: KeycloakRequest) {
    return whoami(request.principal);
  }
  scoped(principal: Caller) {
    return whoami(principal);
  }
  optional(principal: Caller | undefined) {
    return whoami(principal);
  }
  async waits(principal: Caller) {
    await wait(1);
    return whoami(principal);
  }
  async stream(response: { raw?: NodeJS.WritableStream } & NodeJS.WritableStream) {
    const to = response.raw ?? response;
    for (let line = 0; line < 10; line++) {
      to.write(`${line}\n`);
      await wait(1);
    }
    to.end();
  }
  fails() {
    throw new Error('a fault of the handler');
  }
}
decorate(AppController, Controller());
decorate(AppController, 'open', Get('open'));
decorate(AppController, 'guarded', Get('guarded'), Require({}));
decorate(AppController, 'posted', Post('guarded'), Require({}));
decorate(AppController, 'admin', Get('admin'), Roles('admin'));
decorate(AppController, 'scoped', Get('scoped'), Scopes('orders:read'));
decorate(AppController, 'optional', Get('optional'), OptionalAuth());
decorate(AppController, 'waits', Get('async'), Require({}));
decorate(AppController, 'stream', Get('stream'), Require({}));
decorate(AppController, 'fails', Get('fails'), Require({}));
for (const handler of ['guarded', 'posted', 'scoped', 'optional', 'waits']) {
  decorateParameter(AppController, handler, Principal());
}
decorateParameter(AppController, 'admin', Req());
decorateParameter(AppController, 'stream', Res());

/** Its guard stands before its routes. */
class NestedController {
  guarded(principal: Caller) {
    return whoami(principal);
  }
}
decorate(NestedController, Controller('nested/deep'), Require({}));
decorate(NestedController, 'guarded', Get('guarded'));
decorateParameter(NestedController, 'guarded', Principal());

type Make = (module: Type) => Promise<INestApplication>;

async function start(make: Make, given: Given): Promise<RunningApp> {
  const { keycloak, session, explain, onDenied, onMessage } = given;
  class AppModule {}
  Module({
    imports: [
      KeycloakModule.forRoot({
        ...keycloak,
        session,
        explain,
        onDenied: onDenied && ((_context, error, principal) => onDenied(error, principal)),
        backchannelLogout: { onMessage: onMessage && ((_request, message) => onMessage(message)) },
      }),
    ],
    controllers: [AppController, NestedController],
  })(AppModule);
  const app = await make(AppModule);
  await app.listen(0, '127.0.0.1');
  return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), close: () => app.close() };
}

const QUIET = { logger: false, forceCloseConnections: true } as const;
const onExpress: Make = (module) => NestFactory.create(module, QUIET);
const onFastify: Make = (module) =>
  NestFactory.create(module, new FastifyAdapter({ forceCloseConnections: true }), QUIET);

/** `npm run test:nest` runs the same on others. */
export const VERSION = process.env.NEST_VERSION ?? '11';

export const NEST: readonly Adapter[] = [
  { name: `nest ${VERSION} on express`, start: (given) => start(onExpress, given) },
  { name: `nest ${VERSION} on fastify`, start: (given) => start(onFastify, given) },
];
