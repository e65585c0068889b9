import 'reflect-metadata';
import { setTimeout as wait } from 'node:timers/promises';
import {
  All,
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpCode,
  HttpException,
  type INestApplication,
  Inject,
  Module,
  Post,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  KeycloakModule,
  type KeycloakModuleOptions,
  type KeycloakRequest,
  KeycloakService,
  OptionalAuth,
  Permission,
  Principal,
  Require,
  Roles,
  Scopes,
} from '../../packages/guard/src/adapters/nest/index.ts';
import { type Principal as Caller, isAuthError } from '../../packages/guard/src/core/index.ts';
import { getOrMake } from '../../packages/guard/src/core/internal.ts';
import { toOptions } from '../adapters/listen.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';

const whoami = (principal: Caller | undefined) => ({ username: principal?.username ?? null });

type RoutedRequest = KeycloakRequest & { readonly params: Readonly<Record<string, string>> };
/** What the guard of the app that was started last asks. */
let asks: Given['asks'];
/** What it does with its calls. */
let callsOn: Given['calls'];

class AppController {
  private readonly keycloak: KeycloakService;
  constructor(keycloak: KeycloakService) {
    this.keycloak = keycloak;
  }
  open() {
    return { open: true };
  }
  health() {
    return this.keycloak.health();
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
  async token(request: KeycloakRequest) {
    return { token: await this.keycloak.accessToken(request) };
  }
  async calls(request: KeycloakRequest) {
    return callsOn?.(this.keycloak as never)(request, request.principal);
  }
  org({ params, principal }: RoutedRequest) {
    return { org: params.org, tenant: principal?.tenant ?? null };
  }
  member(request: RoutedRequest) {
    return this.org(request);
  }
  lost(request: RoutedRequest) {
    return this.org(request);
  }
  asked(principal: Caller) {
    return whoami(principal);
  }
  fails() {
    throw new Error('a fault of the handler');
  }
}
decorate(AppController, Controller());
decorate(AppController, 'open', Get('open'));
decorate(AppController, 'health', Get('health'));
decorate(AppController, 'guarded', Get('guarded'), Require({}));
decorate(AppController, 'posted', Post('guarded'), HttpCode(200), Require({}));
decorate(AppController, 'admin', All('admin'), Roles('admin'));
decorate(AppController, 'scoped', Get('scoped'), Scopes('orders:read'));
decorate(AppController, 'optional', Get('optional'), OptionalAuth());
decorate(AppController, 'waits', Get('async'), Require({}));
decorate(AppController, 'stream', Get('stream'), Require({}));
decorate(AppController, 'token', Get('token'), Require({}));
decorate(AppController, 'calls', Get('calls'), OptionalAuth());
decorate(AppController, 'org', Get('orgs/:org'), Require({ tenant: ':org' }));
decorate(
  AppController,
  'member',
  Get('members/:org'),
  Require(({ params }) => ({ organization: params.org })),
);
decorate(AppController, 'lost', Get('lost/:org'), Require({ tenant: ':nothing' }));
decorate(
  AppController,
  'asked',
  Get('asked'),
  Require((request) => asks?.(request) as never),
);
decorate(AppController, 'fails', Get('fails'), Require({}));
for (const handler of ['org', 'member', 'lost']) decorateParameter(AppController, handler, Req());
for (const handler of ['guarded', 'posted', 'scoped', 'optional', 'waits', 'asked']) {
  decorateParameter(AppController, handler, Principal());
}
decorateParameter(AppController, undefined, Inject(KeycloakService) as ParameterDecorator);
decorateParameter(AppController, 'admin', Req());
decorateParameter(AppController, 'token', Req());
decorateParameter(AppController, 'calls', Req());
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

class PermittedController {
  permitted(principal: Caller) {
    return whoami(principal);
  }
  hidden(principal: Caller) {
    return whoami(principal);
  }
  any(principal: Caller) {
    return whoami(principal);
  }
  thing(principal: Caller) {
    return whoami(principal);
  }
  misconfigured(principal: Caller) {
    return whoami(principal);
  }
  unguarded(principal: Caller) {
    return whoami(principal);
  }
}
const ANY = { anyOf: ['orders#delete', 'reports#view'] };
decorate(PermittedController, Controller());
decorate(PermittedController, 'permitted', Get('permitted'), Permission('orders#view'));
decorate(PermittedController, 'hidden', Get('hidden'), Permission('reports#view', { hide: true }));
decorate(PermittedController, 'any', Get('any'), Permission(ANY));
const byName = Permission(({ params }) => `${params.name}#view`);
decorate(PermittedController, 'thing', Get('things/:name'), byName);
decorate(PermittedController, 'misconfigured', Get('misconfigured'), Permission('nothing#view'));
decorate(PermittedController, 'unguarded', Get('unguarded'), OptionalAuth(), Permission('orders#view'));
for (const handler of ['permitted', 'hidden', 'any', 'thing', 'misconfigured', 'unguarded']) {
  decorateParameter(PermittedController, handler, Principal());
}

/** Answers every error, as the contract wants an error handler of an app to. */
class OwnFilter implements ExceptionFilter {
  private readonly host: HttpAdapterHost;
  constructor(host: HttpAdapterHost) {
    this.host = host;
  }
  catch(error: Error, host: ArgumentsHost) {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    const own = isAuthError(error.cause) ? error.cause.code : error.message;
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { own }, status);
  }
}
decorate(OwnFilter, Catch());
decorateParameter(OwnFilter, undefined, Inject(HttpAdapterHost) as ParameterDecorator);

type Make = (module: Type) => Promise<INestApplication>;

async function start(make: Make, given: Given): Promise<RunningApp> {
  const { session, onDenied, cors } = given;
  asks = given.asks;
  // Made once for the app, as its author would.
  const made = new Map<unknown, ReturnType<NonNullable<Given['calls']>>>();
  callsOn = given.calls && ((calls) => getOrMake(made, calls, () => given.calls?.(calls) as never));
  class AppModule {}
  Module({
    imports: [
      KeycloakModule.forRoot({
        ...(toOptions(given) as KeycloakModuleOptions),
        session,
        onDenied: onDenied && ((_context, error, principal) => onDenied(error, principal)),
        backchannelLogout: true,
        permissions: given.permissions,
        protectedResource: given.resource,
      }),
    ],
    controllers: [AppController, NestedController, ...(given.permissions ? [PermittedController] : [])],
    providers: given.hasErrorHandler ? [{ provide: APP_FILTER, useClass: OwnFilter }] : [],
  })(AppModule);
  const app = await make(AppModule);
  if (cors !== undefined) app.enableCors({ origin: cors });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), close: () => app.close() };
}

const QUIET = { logger: false, forceCloseConnections: true, abortOnError: false } as const;
const onExpress =
  ({ hasBodyParsers = false }: Given): Make =>
  (module) =>
    NestFactory.create(module, { ...QUIET, bodyParser: hasBodyParsers });
const onFastify =
  ({ hasBodyParsers = false }: Given): Make =>
  (module) =>
    NestFactory.create(module, new FastifyAdapter({ forceCloseConnections: true }), {
      ...QUIET,
      bodyParser: hasBodyParsers,
    });

/** `npm run test:nest` runs the same on others. */
export const VERSION = process.env.NEST_VERSION ?? '11';

export const NEST: readonly Adapter[] = [
  {
    name: `nest ${VERSION} on express`,
    start: (given) => start(onExpress(given), given),
  },
  {
    name: `nest ${VERSION} on fastify`,
    start: (given) => start(onFastify(given), given),
  },
];
