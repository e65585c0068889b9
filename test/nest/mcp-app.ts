import 'reflect-metadata';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { All, Controller, Get, Module, Req, Res, type Type } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  KeycloakGuard,
  KeycloakModule,
  type KeycloakModuleOptions,
  Mcp,
  type McpAuthInfo,
  Public,
} from '../../packages/guard/src/adapters/nest/index.ts';
import type { McpAdapter, McpGiven } from '../contract/mcp/mcp-adapter.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import type { Platform } from './start-app.ts';

type Seen = { readonly body?: unknown; readonly principal?: { readonly username: string | null } };
type Raw = IncomingMessage & { readonly auth?: McpAuthInfo };

class McpController {
  /** Writes as the SDK's transport does: all headers with `writeHead`, on Node's own answer. */
  handle(request: Seen & { readonly raw?: Raw }, response: { raw?: ServerResponse; hijack?(): void }) {
    response.hijack?.();
    const to = response.raw ?? (response as unknown as ServerResponse);
    const { auth, method: verb } = request.raw ?? (request as unknown as Raw);
    const { method, id } = (request.body ?? {}) as { method?: string; id?: string };
    const session = method === 'initialize' ? { 'Mcp-Session-Id': id } : {};
    if (verb === 'DELETE') to.writeHead(204).end();
    else if (verb === 'GET') {
      to.writeHead(200, { 'content-type': 'text/event-stream' });
      const writing = setInterval(() => to.write(': still here\n\n'), 20);
      to.once('close', () => clearInterval(writing));
    } else {
      to.writeHead(200, { 'content-type': 'application/json', ...session });
      to.end(JSON.stringify({ auth, username: request.principal?.username, body: request.body }));
    }
  }
  open() {
    return { open: true };
  }
}
decorate(McpController, Controller());
decorate(McpController, 'handle', All(['mcp', 't/:tenant/mcp']), Mcp());
decorate(McpController, 'open', Get('open'), Public());
decorateParameter(McpController, 'handle', Req());
decorateParameter(McpController, 'handle', Res(), 1);

async function start(
  platform: Platform,
  { keycloak, mcp, onDenied, isGuardedTwice, parsesBodies }: McpGiven,
) {
  const options = {
    ...keycloak,
    mcp,
    onDenied: (context, error) => {
      // The request is there, for whoever asks.
      if (typeof context.switchToHttp().getRequest().headers === 'object') onDenied(error);
    },
  } satisfies KeycloakModuleOptions;
  class AppModule {}
  Module({
    imports: [KeycloakModule.forRoot(options)],
    controllers: [McpController],
    providers: isGuardedTwice ? [{ provide: APP_GUARD, useClass: KeycloakGuard }] : [],
  })(AppModule);
  const quiet = { logger: false, forceCloseConnections: true, abortOnError: false } as const;
  const app =
    platform === 'express'
      ? await NestFactory.create(AppModule as Type, { ...quiet, bodyParser: parsesBodies })
      : await NestFactory.create(
          AppModule as Type,
          new FastifyAdapter({
            forceCloseConnections: true,
            routerOptions: { ignoreTrailingSlash: true, caseSensitive: false },
          }),
          quiet,
        );
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), close: () => app.close() };
}

export const NEST_MCP: readonly McpAdapter[] = [
  { name: 'nest on express', alwaysPublishes: true, start: (given) => start('express', given) },
  {
    name: 'nest on fastify',
    alwaysParses: true,
    alwaysPublishes: true,
    start: (given) => start('fastify', given),
  },
];
