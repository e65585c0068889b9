import 'reflect-metadata';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parse } from 'node:url';
import { server as hapiServer, type ServerOptions } from '@hapi/hapi';
import { createAdaptorServer } from '@hono/node-server';
import KoaRouter from '@koa/router';
import { All, Controller, Module, type Type } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import express4 from 'express4';
import fastify, { type FastifyServerOptions } from 'fastify';
import { Hono } from 'hono';
import { LinearRouter } from 'hono/router/linear-router';
import { TrieRouter } from 'hono/router/trie-router';
import Koa from 'koa';
import { keycloak as expressKeycloak } from '../../packages/guard/src/adapters/express/index.ts';
import keycloakGuard, {
  keycloakMcp,
  keycloakPermissions,
} from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapiKeycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as honoKeycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaKeycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import type { McpOptions } from '../../packages/guard/src/adapters/mcp/index.ts';
import { KeycloakGuard, KeycloakModule } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as nodeKeycloak } from '../../packages/guard/src/adapters/node/index.ts';
import type { Permissions, PolicyEnforcerConfig } from '../../packages/guard/src/authz/index.ts';
import type { TokenVerifier } from '../../packages/guard/src/core/index.ts';
import { listen } from '../adapters/listen.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';
import { decorate } from '../support/without-syntax.ts';
import { FETCH_ROUTERS } from './fetch-routers.ts';

/** What is in front of the router: a path enforcer for the whole app, or the guard of an MCP server at `/mcp`. */
export interface Front {
  readonly verifier: TokenVerifier;
  readonly permissions: Permissions;
  /** `undefined`: paths are not enforced. */
  readonly config?: PolicyEnforcerConfig;
  readonly mcp?: McpOptions;
}

/** A router that answers `ran:` with the name of the route that ran: `admin`, `orders`, `mcp` or `public`. */
export interface Routed {
  readonly name: string;
  start(front: Front): Promise<RunningApp>;
}

/** What each router serves, below the path and at it. */
export const AREAS = ['admin', 'mcp'] as const;

function expressApp(make: typeof express, settings: readonly string[], usesRouter = false, rewrites = false) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const kc = expressKeycloak({ verifier });
    kc.permissions({ permissions });
    const app = make().set('env', 'production');
    for (const setting of settings) app.enable(setting);
    if (rewrites)
      app.use((request, _response, next) => {
        request.url = rewriteUrl(request);
        next();
      });
    if (mcp !== undefined) app.use(kc.mcp(mcp));
    if (config !== undefined) app.use(kc.guard(), kc.pathEnforcer({ config }));
    const isSet = (setting: string) => settings.includes(setting);
    const routes = usesRouter
      ? make.Router({ caseSensitive: isSet('case sensitive routing'), strict: isSet('strict routing') })
      : app;
    for (const area of AREAS)
      routes.use(`/${area}`, (_request, response) => void response.end(`ran:${area}`));
    routes.get('/orders/:id', (_request, response) => void response.end('ran:orders'));
    if (usesRouter) app.use(routes);
    app.use((_request, response) => void response.end('ran:public'));
    return listen(createServer(app), () => kc.close());
  };
}

function fastifyApp(options: FastifyServerOptions) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const app = fastify({ forceCloseConnections: true, ...options } as FastifyServerOptions);
    await app.register(keycloakGuard, { verifier });
    await app.register(keycloakPermissions, { permissions });
    if (mcp !== undefined) await app.register(keycloakMcp, mcp as never);
    if (config !== undefined) {
      app.guardAll();
      app.addHook('onRequest', app.pathEnforcer({ config }));
    }
    for (const area of AREAS)
      for (const path of [`/${area}`, `/${area}/*`]) app.get(path, () => `ran:${area}`);
    app.get('/orders/:id', () => 'ran:orders');
    app.get('/*', () => 'ran:public');
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { url: app.listeningOrigin, close: async () => void (await app.close()) };
  };
}

function koaApp(options: ConstructorParameters<typeof KoaRouter>[0], isByHand = false, rewrites = false) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const kc = koaKeycloak({ verifier });
    kc.permissions({ permissions });
    const app = new Koa();
    app.silent = true;
    if (rewrites)
      app.use((context, next) => {
        context.url = rewriteUrl(context.req);
        return next();
      });
    if (mcp !== undefined) app.use(kc.mcp(mcp));
    if (config !== undefined) app.use(kc.guard()).use(kc.pathEnforcer({ config }));
    if (isByHand) {
      app.use((context) => {
        context.body = `ran:${/^\/(admin|mcp)(?:\/|$)/.exec(context.path)?.[1] ?? 'public'}`;
      });
    } else {
      const router = new KoaRouter(options);
      const show = (name: string) => (context: { body?: unknown }) => {
        context.body = `ran:${name}`;
      };
      for (const area of AREAS) router.all(`/${area}`, show(area)).all(`/${area}/{*rest}`, show(area));
      router.all('/orders/:id', show('orders')).all('/{*rest}', show('public'));
      app.use(router.routes());
    }
    return listen(createServer(app.callback()), () => kc.close());
  };
}

type FetchRouter = (request: Request) => Response | Promise<Response>;
/** How a server hands requests over. */
type Serve = (app: FetchRouter) => Server;

const byAdaptor: Serve = (fetch) => createAdaptorServer({ fetch }) as Server;

const withUrl =
  (toUrl: (host: string, target: string) => string): Serve =>
  (app) =>
    createServer(async ({ method, headers, url = '' }, response) => {
      const request = new Request('http://localhost', { method, headers } as RequestInit);
      const value = /^\w+:/.test(url) ? url : toUrl(headers.host ?? '', url);
      Object.defineProperty(request, 'url', { value });
      const answer = await (async () => app(request))().catch(() => new Response(null, { status: 500 }));
      response.writeHead(answer.status).end(await answer.text());
    });

/** As Deno and workerd do: host and target are in the URL as they were sent. */
const asSent = withUrl((host, target) => `http://${host}${target}`);
/** As Bun does: without a host that is one, the URL is the target alone. */
const asOnBun = withUrl((host, target) => (/^[\w.:-]+$/.test(host) ? `http://${host}${target}` : target));

/** @param toOptions a router keeps its routes: each app has its own */
function honoApp(toOptions: () => ConstructorParameters<typeof Hono>[0], isDeep = false, serve = byAdaptor) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const kc = honoKeycloak({ verifier });
    kc.permissions({ permissions });
    const app = new Hono(toOptions());
    if (mcp !== undefined) app.use(kc.mcp(mcp));
    if (config !== undefined) app.use(kc.guard(), kc.pathEnforcer({ config }));
    for (const area of AREAS) {
      if (isDeep)
        app.route(
          `/${area}`,
          new Hono(toOptions()).all('/*', (c) => c.text(`ran:${area}`)),
        );
      else for (const path of [`/${area}`, `/${area}/*`]) app.all(path, (c) => c.text(`ran:${area}`));
    }
    app.all('/orders/:id', (c) => c.text('ran:orders')).all('/*', (c) => c.text('ran:public'));
    return listen(
      serve(async (request) => app.fetch(request)),
      () => kc.close(),
    );
  };
}

function fetchApp(router: FetchRouter, serve = byAdaptor) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const kc = fetchKeycloak({ verifier, permissions: { permissions } });
    let app: FetchRouter = router;
    if (config !== undefined)
      app = kc.guard(
        {},
        kc.pathEnforcer({ config }, (request) => router(request)),
      );
    if (mcp !== undefined) {
      const server = kc.mcp(mcp, () => new Response('ran:mcp'));
      // What is for no MCP server is for the router.
      app = async (request) => {
        const answer = await server(request);
        return answer.status === 404 ? router(request) : answer;
      };
    }
    return listen(serve(app), () => kc.close());
  };
}

type Reader = (target: string) => string | null;

function nodeApp(read: Reader) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const kc = nodeKeycloak({ verifier });
    kc.permissions({ permissions });
    const chain = [
      ...(mcp === undefined ? [] : [kc.mcp(mcp)]),
      ...(config === undefined ? [] : [kc.guard(), kc.pathEnforcer({ config })]),
    ];
    const route = (request: IncomingMessage, response: ServerResponse) => {
      let path: string | null = null;
      try {
        path = read(request.url ?? '');
      } catch {}
      const area = AREAS.find((one) => path === `/${one}` || path?.startsWith(`/${one}/`));
      response.end(`ran:${area ?? 'public'}`);
    };
    const server = createServer((request, response) => {
      const step = (index: number): void => {
        const one = chain[index];
        if (one === undefined) route(request, response);
        else one(request, response, (error) => (error ? response.writeHead(500).end() : step(index + 1)));
      };
      step(0);
    });
    return listen(server, () => kc.close());
  };
}

function nestApp(platform: 'express' | 'fastify', options: FastifyServerOptions = {}, rewrites = false) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    class Routes {
      admin() {
        return 'ran:admin';
      }
      mcp() {
        return 'ran:mcp';
      }
      orders() {
        return 'ran:orders';
      }
      open() {
        return 'ran:public';
      }
    }
    const rest = platform === 'express' ? '{*rest}' : '*';
    decorate(Routes, 'admin', All(['admin', `admin/${rest}`]));
    decorate(Routes, 'mcp', All(['mcp', `mcp/${rest}`]));
    decorate(Routes, 'orders', All('orders/:id'));
    decorate(Routes, 'open', All(rest));
    decorate(Routes, Controller());
    class AppModule {}
    const given = { verifier, permissions: { permissions }, ...(mcp && { mcp }) };
    Module({
      imports: [KeycloakModule.forRoot({ ...given, ...(config && { pathEnforcer: { config } }) } as never)],
      controllers: [Routes],
      providers: config === undefined ? [] : [{ provide: APP_GUARD, useClass: KeycloakGuard }],
    })(AppModule);
    const quiet = { logger: false, forceCloseConnections: true, abortOnError: false } as const;
    const app = await (platform === 'express'
      ? NestFactory.create(AppModule as Type, quiet)
      : NestFactory.create(
          AppModule as Type,
          new FastifyAdapter({ forceCloseConnections: true, ...options } as never),
          quiet,
        ));
    if (rewrites)
      app.use((request: { url: string }, _response: unknown, next: () => void) => {
        request.url = rewriteUrl(request);
        next();
      });
    await app.listen(0, '127.0.0.1');
    return { url: await app.getUrl(), close: () => app.close() };
  };
}

const four = express4 as unknown as typeof express;
const STRICT = ['case sensitive routing', 'strict routing'];
const LOOSE = {
  caseSensitive: false,
  ignoreTrailingSlash: true,
  ignoreDuplicateSlashes: true,
  useSemicolonDelimiter: true,
};
/** Rewrites before every hook. */
const rewriteUrl = ({ url = '/' }: { url?: string | undefined }) =>
  url.replace(/^\/public\/(?=admin|mcp)/, '/');

function hapiApp(router: ServerOptions['router'], rewrites = false) {
  return async ({ verifier, permissions, config, mcp }: Front) => {
    const kc = hapiKeycloak({ verifier, permissions: { permissions } });
    const server = hapiServer({ host: '127.0.0.1', debug: false, router });
    await server.register(kc.plugin);
    if (mcp !== undefined) await server.register(kc.mcp(mcp));
    if (rewrites)
      server.ext('onRequest', (request, h) => {
        request.setUrl(rewriteUrl(request.raw.req));
        return h.continue;
      });
    if (mcp === undefined) server.auth.default('keycloak');
    if (config !== undefined) server.ext('onPostAuth', kc.pathEnforcer({ config }));
    const show = (path: string, name: string) =>
      server.route({ method: 'GET', path, handler: () => `ran:${name}` });
    for (const area of AREAS) show(`/${area}/{rest*}`, area);
    show('/orders/{id}', 'orders');
    show('/{rest*}', 'public');
    await server.start();
    return { url: server.info.uri, close: () => server.stop({ timeout: 1 }) };
  };
}

export const ROUTED: readonly Routed[] = [
  { name: 'Express 5', start: expressApp(express, []) },
  { name: 'Express 5, strict', start: expressApp(express, STRICT, true) },
  { name: 'Express 4', start: expressApp(four, []) },
  { name: 'Express 4, strict', start: expressApp(four, STRICT, true) },
  { name: 'Express 5, rewriting', start: expressApp(express, [], false, true) },
  { name: 'Express 4, rewriting', start: expressApp(four, [], false, true) },
  { name: 'Fastify', start: fastifyApp({}) },
  { name: 'Fastify, any case', start: fastifyApp({ routerOptions: { caseSensitive: false } }) },
  {
    name: 'Fastify, any slashes',
    start: fastifyApp({ routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } }),
  },
  {
    name: 'Fastify, semicolons',
    start: fastifyApp({ routerOptions: { useSemicolonDelimiter: true } as object }),
  },
  { name: 'Fastify, all of these', start: fastifyApp({ routerOptions: LOOSE }) },
  { name: 'Fastify, rewriting', start: fastifyApp({ rewriteUrl } as FastifyServerOptions) },
  { name: 'Koa', start: koaApp({}) },
  { name: 'Koa, strict', start: koaApp({ strict: true, sensitive: true }) },
  { name: 'Koa, by hand', start: koaApp({}, true) },
  { name: 'Koa, rewriting', start: koaApp({}, false, true) },
  { name: 'hapi', start: hapiApp({}) },
  { name: 'hapi, rewriting', start: hapiApp({}, true) },
  {
    name: 'hapi, any case and slashes',
    start: hapiApp({ isCaseSensitive: false, stripTrailingSlash: true }),
  },
  { name: 'Hono', start: honoApp(() => ({})) },
  { name: 'Hono, not strict', start: honoApp(() => ({ strict: false })) },
  {
    name: 'Hono, rewriting',
    start: honoApp(() => ({ getPath: ({ url }) => rewriteUrl({ url: new URL(url).pathname }) })),
  },
  { name: 'Hono, linear router', start: honoApp(() => ({ router: new LinearRouter() })) },
  { name: 'Hono, targets as sent', start: honoApp(() => ({}), false, asSent) },
  { name: 'Hono, as on Bun', start: honoApp(() => ({}), false, asOnBun) },
  { name: 'Hono, trie router, nested', start: honoApp(() => ({ router: new TrieRouter() }), true) },
  ...Object.entries(FETCH_ROUTERS)
    .filter(([name]) => name !== 'URLPattern' || 'URLPattern' in globalThis)
    .flatMap(([name, router]) => [
      { name: `Fetch, ${name}`, start: fetchApp(router) },
      { name: `Fetch, ${name}, targets as sent`, start: fetchApp(router, asSent) },
      { name: `Fetch, ${name}, as on Bun`, start: fetchApp(router, asOnBun) },
    ]),
  { name: 'Node, url.parse', start: nodeApp((target) => parse(target).pathname) },
  { name: 'Node, URL', start: nodeApp((target) => new URL(target, 'http://localhost').pathname) },
  { name: 'Node, cut', start: nodeApp((target) => target.split('?')[0] ?? '') },
  { name: 'Node, decoded', start: nodeApp((target) => decodeURIComponent(target.split('?')[0] ?? '')) },
  { name: 'Nest on Express', start: nestApp('express') },
  { name: 'Nest on Express, rewriting', start: nestApp('express', {}, true) },
  { name: 'Nest on Fastify, rewriting', start: nestApp('fastify', { rewriteUrl } as FastifyServerOptions) },
  { name: 'Nest on Fastify', start: nestApp('fastify') },
  { name: 'Nest on Fastify, all of its options', start: nestApp('fastify', { routerOptions: LOOSE }) },
];
