import 'reflect-metadata';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { server as hapiServer } from '@hapi/hapi';
import { createAdaptorServer } from '@hono/node-server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { createMcpHandler, McpServer as McpServer2 } from '@modelcontextprotocol/server';
import { All, Controller, Module, Req, Res, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import express4 from 'express4';
import fastify, { type FastifyServerOptions } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { McpOptions } from '../../packages/guard/src/adapters/engine/index.ts';
import { keycloak as expressKeycloak } from '../../packages/guard/src/adapters/express/index.ts';
import keycloakGuard, { keycloakMcp } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapiKeycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as honoKeycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaKeycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import { KeycloakModule, Mcp } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as nodeKeycloak } from '../../packages/guard/src/adapters/node/index.ts';
import type { TokenVerifier } from '../../packages/guard/src/core/index.ts';
import { listen } from '../adapters/listen.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';

/** What an MCP server is made with. */
export interface Given {
  readonly verifier: TokenVerifier;
  readonly mcp: McpOptions;
  /** Called by each tool that runs, with its name. */
  readonly ran: (tool: string) => void;
}

/** A real MCP server at `/mcp`, with the tools `look` and `wipe`, behind `kc.mcp`. */
export interface ServedMcp {
  readonly name: string;
  /** The version of the SDK. */
  readonly sdk: 1 | 2;
  /** A parser of the application reads bodies first, and answers what it cannot read. */
  readonly isParsed?: boolean;
  start(given: Given): Promise<RunningApp>;
}

const TOOLS = ['look', 'wipe'];
const NAME = { name: 'tests', version: '1.0.0' };
type Answering = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void>;

function createServer1(ran: Given['ran']): McpServer1 {
  const server = new McpServer1(NAME);
  for (const tool of TOOLS) {
    server.registerTool(tool, { description: tool }, () => {
      ran(tool);
      return { content: [{ type: 'text', text: tool }] };
    });
  }
  return server;
}

const STATELESS = { enableJsonResponse: true } as const;

/** SDK 1 keeps nothing between requests here. */
const sdk1 =
  ({ ran }: Given): Answering =>
  async (request, response, body) => {
    const transport = new StreamableHTTPServerTransport(STATELESS);
    await createServer1(ran).connect(transport as never);
    await transport.handleRequest(request, response, body);
  };

async function webSdk1(ran: Given['ran'], request: Request, authInfo: unknown): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport(STATELESS);
  await createServer1(ran).connect(transport as never);
  return transport.handleRequest(request, { authInfo: authInfo as never });
}

const sdk2 = ({ ran }: Given) =>
  createMcpHandler(() => {
    const server = new McpServer2(NAME);
    for (const tool of TOOLS) {
      server.registerTool(tool, { description: tool }, () => {
        ran(tool);
        return { content: [{ type: 'text', text: tool }] };
      });
    }
    return server;
  });

type Parsers = (make: typeof express) => readonly express.RequestHandler[];
const JSON_PARSER: Parsers = (make) => [make.json()];
const ALL_PARSERS: Parsers = (make) => [
  make.json({ strict: false }),
  make.urlencoded({ extended: true }),
  make.text(),
  make.raw({ type: '*/*' }),
];

function expressServer(make: typeof express, parsers: Parsers, answering: (given: Given) => Answering) {
  return async (given: Given) => {
    const kc = expressKeycloak({ verifier: given.verifier });
    const app = make().set('env', 'test');
    for (const parser of parsers(make)) app.use(parser);
    const answer = answering(given);
    app.all('/mcp', kc.mcp(given.mcp), (request, response) => void answer(request, response, request.body));
    return listen(createServer(app), () => kc.close());
  };
}

async function nodeServer(given: Given) {
  const kc = nodeKeycloak({ verifier: given.verifier });
  const guard = kc.mcp(given.mcp);
  const answer = sdk1(given);
  const server = createServer((request, response) =>
    guard(request, response, (error) => {
      if (error === undefined) void answer(request, response, (request as { body?: unknown }).body);
      else response.writeHead(500).end();
    }),
  );
  return listen(server, () => kc.close());
}

function fastifyServer(options: FastifyServerOptions) {
  return async (given: Given) => {
    const app = fastify({ forceCloseConnections: true, ...options });
    await app.register(keycloakGuard, { verifier: given.verifier });
    const answer = sdk1(given);
    await app.register(async (scope) => {
      await scope.register(keycloakMcp, given.mcp as never);
      scope.all('/mcp', (request, reply) => {
        reply.hijack();
        void answer(request.raw, reply.raw, request.body);
      });
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { url: app.listeningOrigin, close: async () => void (await app.close()) };
  };
}

async function koaServer(given: Given) {
  const kc = koaKeycloak({ verifier: given.verifier });
  const app = new Koa();
  app.silent = true;
  app.use(kc.mcp(given.mcp));
  const answer = sdk1(given);
  app.use((ctx) => {
    ctx.respond = false;
    return answer(ctx.req, ctx.res, (ctx.request as { body?: unknown }).body);
  });
  return listen(createServer(app.callback()), () => kc.close());
}

/** @param parse whether hapi's parser reads bodies, or leaves bytes */
function hapiAppServer(parse: boolean) {
  return async (given: Given) => {
    const kc = hapiKeycloak({ verifier: given.verifier });
    const server = hapiServer({ host: '127.0.0.1', debug: false });
    await server.register(kc.plugin);
    server.auth.strategy('mcp', 'keycloak-mcp', given.mcp);
    const answer = sdk1(given);
    server.route({
      method: 'POST',
      path: '/mcp',
      options: { auth: 'mcp', payload: { parse, output: 'data' } },
      async handler({ raw, payload }, h) {
        await answer(raw.req, raw.res, Buffer.isBuffer(payload) ? JSON.parse(String(payload)) : payload);
        return h.abandon;
      },
    });
    await server.start();
    return { url: server.info.uri, close: () => server.stop({ timeout: 0 }) };
  };
}

function honoServer(sdk: 1 | 2) {
  return async (given: Given) => {
    const kc = honoKeycloak({ verifier: given.verifier });
    const handler = sdk2(given);
    const app = new Hono();
    app.all('/mcp', kc.mcp(given.mcp), (c) => {
      const { auth } = c.var;
      return sdk === 1
        ? webSdk1(given.ran, c.req.raw, auth)
        : handler.fetch(c.req.raw, { authInfo: auth as never });
    });
    return listen(createAdaptorServer({ fetch: app.fetch }) as Server, () => kc.close());
  };
}

async function fetchServer(given: Given) {
  const kc = fetchKeycloak({ verifier: given.verifier });
  const handler = sdk2(given);
  const app = kc.mcp(given.mcp, (request: Request, { auth }) => handler.fetch(request, { authInfo: auth }));
  return listen(createAdaptorServer({ fetch: app }) as Server, () => kc.close());
}

function nestServer(platform: 'express' | 'fastify', options: object = {}) {
  return async (given: Given) => {
    const answer = sdk1(given);
    class Served {
      handle(
        request: { body?: unknown; raw?: IncomingMessage },
        response: { raw?: ServerResponse; hijack?(): void },
      ) {
        response.hijack?.();
        return answer(request.raw ?? (request as never), response.raw ?? (response as never), request.body);
      }
    }
    decorate(Served, Controller());
    decorate(Served, 'handle', All('mcp'), Mcp());
    decorateParameter(Served, 'handle', Req());
    decorateParameter(Served, 'handle', Res(), 1);
    class AppModule {}
    Module({
      imports: [KeycloakModule.forRoot({ verifier: given.verifier, mcp: given.mcp } as never)],
      controllers: [Served],
    })(AppModule);
    const quiet = { logger: false, forceCloseConnections: true, abortOnError: false } as const;
    const app = await (platform === 'express'
      ? NestFactory.create(AppModule as Type, quiet)
      : NestFactory.create(
          AppModule as Type,
          new FastifyAdapter({ forceCloseConnections: true, ...options }),
          quiet,
        ));
    await app.listen(0, '127.0.0.1');
    return { url: await app.getUrl(), close: () => app.close() };
  };
}

/** What Fastify refuses of itself, left to others. */
const POISONED = { onProtoPoisoning: 'ignore', onConstructorPoisoning: 'ignore' } as const;
const four = express4 as unknown as typeof express;
const node2 = (given: Given): Answering => {
  const handle = toNodeHandler(sdk2(given));
  return async (request, response, body) => void (await handle(request as never, response, body));
};

export const SERVED: readonly ServedMcp[] = [
  { name: 'Express 5', sdk: 1, start: expressServer(express, () => [], sdk1) },
  {
    name: 'Express 5 behind its JSON parser',
    sdk: 1,
    isParsed: true,
    start: expressServer(express, JSON_PARSER, sdk1),
  },
  {
    name: 'Express 5 behind all of its parsers',
    sdk: 1,
    isParsed: true,
    start: expressServer(express, ALL_PARSERS, sdk1),
  },
  {
    name: 'Express 4 behind all of its parsers',
    sdk: 1,
    isParsed: true,
    start: expressServer(four, ALL_PARSERS, sdk1),
  },
  { name: 'Express 5', sdk: 2, start: expressServer(express, () => [], node2) },
  {
    name: 'Express 5 behind its JSON parser',
    sdk: 2,
    isParsed: true,
    start: expressServer(express, JSON_PARSER, node2),
  },
  { name: 'Node', sdk: 1, start: nodeServer },
  { name: 'Fastify', sdk: 1, start: fastifyServer({}) },
  { name: 'Fastify, poisoning ignored', sdk: 1, start: fastifyServer(POISONED) },
  { name: 'Koa', sdk: 1, start: koaServer },
  { name: 'hapi', sdk: 1, start: hapiAppServer(true) },
  { name: 'hapi, bytes', sdk: 1, start: hapiAppServer(false) },
  { name: 'Hono', sdk: 1, start: honoServer(1) },
  { name: 'Hono', sdk: 2, start: honoServer(2) },
  { name: 'Fetch', sdk: 2, start: fetchServer },
  { name: 'Nest on Express', sdk: 1, isParsed: true, start: nestServer('express') },
  { name: 'Nest on Fastify, poisoning ignored', sdk: 1, start: nestServer('fastify', POISONED) },
];
