import { createServer, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { server as hapiServer, type Lifecycle } from '@hapi/hapi';
import { createAdaptorServer } from '@hono/node-server';
import Router from '@koa/router';
import express from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { McpAuthInfo } from '../../packages/guard/src/adapters/engine/index.ts';
import {
  type ExpressRequest,
  keycloak as expressKeycloak,
} from '../../packages/guard/src/adapters/express/index.ts';
import keycloakGuard, { keycloakMcp } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapiKeycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as honoKeycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaKeycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import { keycloak as nodeKeycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { listen } from '../adapters/listen.ts';
import type { McpAdapter, McpGiven } from '../contract/mcp/mcp-adapter.ts';

interface Guarded {
  readonly method?: string | undefined;
  readonly auth?: McpAuthInfo;
  readonly body?: unknown;
}

/** Writes as the SDK's transport does: all headers with `writeHead`. */
function answer(request: Guarded, username: string | null | undefined, response: ServerResponse): void {
  const { auth, body } = request;
  const { method, id } = (body ?? {}) as { method?: string; id?: string };
  const session = method === 'initialize' ? { 'Mcp-Session-Id': id } : {};
  if (request.method === 'DELETE') response.writeHead(204).end();
  else if (request.method === 'GET') {
    // Open until somebody ends it; and the transport goes on to write, whoever does.
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const writing = setInterval(() => response.write(': still here\n\n'), 20);
    response.once('close', () => clearInterval(writing));
  } else {
    response.writeHead(200, { 'content-type': 'application/json', ...session });
    response.end(JSON.stringify({ auth, username, body }));
  }
}

/** The second is of tenants. */
const ROUTES = ['/mcp', '/t/:tenant/mcp'];
/** For applications without a router. */
const IS_ROUTE = /^(?:\/mcp|\/t\/[^/]+\/mcp)(?:\?|$)/;

const optionsOf = ({ keycloak, onDenied }: McpGiven) => ({
  ...keycloak,
  onDenied: (_request: unknown, error: Parameters<McpGiven['onDenied']>[0]) => onDenied(error),
});

async function startExpress(make: typeof express, given: McpGiven) {
  const kc = expressKeycloak(optionsOf(given));
  const app = make();
  app.set('env', 'test');
  if (given.parsesBodies) app.use(make.json());
  const mcp = kc.mcp(given.mcp);
  if (given.publishes !== false) app.use(mcp.metadata);
  const guards = given.isGuardedTwice ? [mcp, kc.guard()] : [mcp];
  app.all(ROUTES, guards, (request: Guarded & ExpressRequest, response: ServerResponse) =>
    answer(request, request.principal?.username, response),
  );
  app.get('/open', (_request, response) => void response.json({ open: true }));
  return listen(createServer(app), () => kc.close());
}

async function startNode(given: McpGiven) {
  const kc = nodeKeycloak(optionsOf(given));
  const mcp = kc.mcp(given.mcp);
  const again = given.isGuardedTwice ? kc.guard() : undefined;
  const server = createServer((request, response) => {
    const show = (error?: unknown) => {
      if (error !== undefined) response.writeHead((error as { status?: number }).status ?? 500).end();
      else {
        const { principal } = request as { principal?: { username: string } };
        answer(request, principal?.username, response);
      }
    };
    const route = () => {
      if (request.url === '/open') response.end('{"open":true}');
      else if (!IS_ROUTE.test(request.url ?? '')) response.writeHead(404).end();
      else {
        mcp(request, response, (error) => {
          if (error === undefined && again !== undefined) again(request, response, show);
          else show(error);
        });
      }
    };
    if (given.publishes === false) route();
    else mcp.metadata(request, response, route);
  });
  return listen(server, () => kc.close());
}

async function startFastify(given: McpGiven) {
  const app = fastify({
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: false },
  });
  await app.register(keycloakGuard, optionsOf(given));
  await app.register(async (scope) => {
    await scope.register(keycloakMcp, given.mcp as never);
    if (given.isGuardedTwice) scope.guardAll();
    for (const path of ROUTES) {
      scope.all(path, (request, reply) => {
        reply.hijack();
        Object.assign(request.raw, { body: request.body });
        answer(request.raw, request.principal?.username, reply.raw);
      });
    }
  });
  app.get('/open', () => ({ open: true }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: app.listeningOrigin, close: async () => void (await app.close()) };
}

async function startKoa(given: McpGiven) {
  const kc = koaKeycloak(optionsOf(given));
  const app = new Koa();
  app.silent = true;
  if (given.parsesBodies) app.use(parseJson);
  const mcp = kc.mcp(given.mcp);
  if (given.publishes !== false) app.use(mcp.metadata);
  const router = new Router();
  router.all(ROUTES, mcp, ...(given.isGuardedTwice ? [kc.guard()] : []), (ctx) => {
    ctx.respond = false;
    Object.assign(ctx.req, { body: (ctx.request as { body?: unknown }).body });
    answer(ctx.req, ctx.state.principal?.username, ctx.res);
  });
  router.get('/open', (ctx) => {
    ctx.body = { open: true };
  });
  app.use(router.routes() as Koa.Middleware);
  return listen(createServer(app.callback()), () => kc.close());
}

/** As Koa's body parsers do: `{}` for what is not JSON. */
const parseJson: Koa.Middleware = async (ctx, next) => {
  const isJson = ctx.request.is('json') !== false && ctx.request.is('json') !== null;
  Object.assign(ctx.request, { body: isJson ? JSON.parse(await text(ctx.req)) : {} });
  await next();
};

async function startHapi(given: McpGiven) {
  const kc = hapiKeycloak(optionsOf(given));
  const server = hapiServer({ host: '127.0.0.1', debug: false });
  await server.register(kc.plugin);
  server.auth.strategy('mcp', 'keycloak-mcp', given.mcp);
  const handler: Lifecycle.Method = async (request, h) => {
    if (given.isGuardedTwice) await server.auth.test('keycloak', request);
    const { req, res } = request.raw;
    Object.assign(req, { body: request.payload ?? undefined });
    answer(req, request.auth.credentials?.user?.username, res);
    return h.abandon;
  };
  for (const path of ['/mcp', '/t/{tenant}/mcp']) {
    server.route({ method: '*', path, options: { auth: 'mcp' }, handler });
  }
  server.route({ method: 'GET', path: '/open', handler: () => ({ open: true }) });
  await server.start();
  return { url: server.info.uri, close: () => server.stop({ timeout: 0 }) };
}

async function startHono(given: McpGiven) {
  const kc = honoKeycloak(optionsOf(given));
  const app = new Hono();
  const mcp = kc.mcp(given.mcp);
  if (given.publishes !== false) app.use(mcp.metadata);
  for (const path of ROUTES) {
    if (given.isGuardedTwice) app.use(path, mcp, kc.guard());
    else app.use(path, mcp);
    app.all(path, async (c) => answerFetch(c.req.raw, c.var.principal?.username, c.var.auth));
  }
  app.get('/open', (c) => c.json({ open: true }));
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server, () => kc.close());
}

async function startFetch(given: McpGiven) {
  const kc = fetchKeycloak(optionsOf(given));
  const mcp = kc.mcp(given.mcp, async (request: Request, { principal, auth }) => {
    if (given.isGuardedTwice) await kc.principal(request);
    return answerFetch(request, principal.username, auth);
  });
  const app = (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/open') return Response.json({ open: true });
    return IS_ROUTE.test(pathname) ? mcp(request) : mcp.metadata(request);
  };
  return listen(createAdaptorServer({ fetch: app }) as Server, () => kc.close());
}

async function answerFetch(
  request: Request,
  username: string | null | undefined,
  auth: McpAuthInfo | undefined,
) {
  if (request.method === 'DELETE') return new Response(null, { status: 204 });
  if (request.method === 'GET') return eventStream();
  const text = await request.text();
  const body = text === '' ? undefined : JSON.parse(text);
  const session = body?.method === 'initialize' ? { 'Mcp-Session-Id': String(body.id) } : {};
  return Response.json({ auth, username, body }, { headers: session as Record<string, string> });
}

function eventStream(): Response {
  let writing: ReturnType<typeof setInterval>;
  const body = new ReadableStream({
    start(controller) {
      const line = new TextEncoder().encode(': still here\n\n');
      writing = setInterval(() => controller.enqueue(line), 20);
    },
    cancel: () => clearInterval(writing),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

export const MCP_APPS: readonly McpAdapter[] = [
  { name: 'express 5', start: (given) => startExpress(express, given) },
  { name: 'express 4', start: (given) => startExpress(express4 as unknown as typeof express, given) },
  { name: 'node', isRouterless: true, start: startNode },
  { name: 'koa', start: startKoa },
  { name: 'hono', start: startHono },
  { name: 'fetch', isRouterless: true, alwaysPublishes: true, start: startFetch },
  { name: 'fastify', alwaysParses: true, alwaysPublishes: true, start: startFastify },
  { name: 'hapi', alwaysParses: true, alwaysPublishes: true, start: startHapi },
];
