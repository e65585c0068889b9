import 'reflect-metadata';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parse } from 'node:url';
import { server as hapiServer, type ServerOptions } from '@hapi/hapi';
import { createAdaptorServer } from '@hono/node-server';
import KoaRouter from '@koa/router';
import { All, Controller, Module, type Type, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Elysia } from 'elysia';
import express from 'express';
import express4 from 'express4';
import fastify, { type FastifyServerOptions } from 'fastify';
import { H3 } from 'h3';
import { Hono } from 'hono';
import { LinearRouter } from 'hono/router/linear-router';
import Koa from 'koa';
import type { McpOptions } from '../../packages/guard/src/adapters/engine/index.ts';
import { keycloak as expressKeycloak } from '../../packages/guard/src/adapters/express/index.ts';
import keycloakGuard, { keycloakMcp } from '../../packages/guard/src/adapters/fastify/index.ts';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import { keycloak as hapiKeycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { keycloak as honoKeycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import { keycloak as koaKeycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import { KeycloakModule, Mcp, Require } from '../../packages/guard/src/adapters/nest/index.ts';
import { keycloak as nodeKeycloak } from '../../packages/guard/src/adapters/node/index.ts';
import type { TokenVerifier } from '../../packages/guard/src/core/index.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';
import { decorate } from '../support/without-syntax.ts';
import { listen } from './listen.ts';

/** What guards the two routes. */
interface Guards {
  readonly verifier: TokenVerifier;
  readonly mcp: McpOptions;
}

/** An app with guarded routes at `/admin` and `/mcp`, and an open one for the rest. They answer `ran:` and their name. */
export interface Mounted {
  readonly name: string;
  /** What stands in front of the two paths. Default nothing. */
  readonly prefix?: string;
  start(guards: Guards): Promise<RunningApp>;
}

const REQUIRED = { realmRole: 'auditor' } as const;
/** Rewrites in front of every route, as proxies and middleware do. */
const rewrite = (url = '/') => url.replace(/^\/public\/(?=admin|mcp)/, '/');

function expressApp(
  make: typeof express,
  how: 'app' | 'strict' | 'router' | 'mounted' | 'rewriting' = 'app',
) {
  return async ({ verifier, mcp: options }: Guards) => {
    const kc = expressKeycloak({ verifier });
    const mcp = kc.mcp(options);
    const app = make().set('env', 'production').use(mcp.metadata);
    if (how === 'strict') app.enable('case sensitive routing').enable('strict routing');
    if (how === 'rewriting')
      app.use((request, _response, next) => {
        request.url = rewrite(request.url);
        next();
      });
    const routes = how === 'router' ? make.Router() : how === 'mounted' ? make() : app;
    const guards = { admin: kc.guard(REQUIRED), mcp };
    for (const [name, guard] of Object.entries(guards))
      routes.all(`/${name}`, guard, (_request, response) => void response.end(`ran:${name}`));
    if (routes !== app) app.use('/api', routes);
    app.use((_request, response) => void response.end('ran:public'));
    return listen(createServer(app), () => kc.close());
  };
}

function fastifyApp(options: FastifyServerOptions, prefix = '') {
  return async ({ verifier, mcp }: Guards) => {
    const app = fastify({ forceCloseConnections: true, ...options } as FastifyServerOptions);
    await app.register(keycloakGuard, { verifier });
    await app.register(
      async (scope) => {
        await scope.register(keycloakMcp, mcp as never);
        scope.all('/mcp', () => 'ran:mcp');
      },
      { prefix },
    );
    app.all(`${prefix}/admin`, { onRequest: app.guard(REQUIRED) }, () => 'ran:admin');
    app.all('/*', () => 'ran:public');
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { url: app.listeningOrigin, close: async () => void (await app.close()) };
  };
}

/** For Koa. */
const show = (name: string) => (context: { body: unknown }) => {
  context.body = `ran:${name}`;
};

function koaApp(options: ConstructorParameters<typeof KoaRouter>[0], rewrites = false) {
  return async ({ verifier, mcp: given }: Guards) => {
    const kc = koaKeycloak({ verifier });
    const mcp = kc.mcp(given);
    const app = new Koa().use(mcp.metadata);
    app.silent = true;
    if (rewrites)
      app.use((context, next) => {
        context.url = rewrite(context.url);
        return next();
      });
    const router = new KoaRouter(options);
    for (const [name, guard] of Object.entries({ admin: kc.guard(REQUIRED), mcp }))
      router.all(`/${name}`, guard, show(name));
    app.use(router.routes() as Koa.Middleware).use(show('public'));
    return listen(createServer(app.callback()), () => kc.close());
  };
}

type Fetch = (request: Request, env?: object) => Response | Promise<Response>;
/** How a server hands requests over. */
type Serve = (app: Fetch) => Server;

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

type HonoOptions = ConstructorParameters<typeof Hono>[0];

function honoApp(
  options: HonoOptions,
  how: 'app' | 'route' | 'mount' | 'basePath' = 'app',
  serve = byAdaptor,
) {
  return async ({ verifier, mcp: given }: Guards) => {
    const kc = honoKeycloak({ verifier });
    const mcp = kc.mcp(given);
    const app = new Hono(options);
    app.use(mcp.metadata);
    const sub: Hono =
      how === 'app' ? app : how === 'basePath' ? (new Hono(options).basePath('/api') as never) : new Hono();
    for (const [name, guard] of Object.entries({ admin: kc.guard(REQUIRED), mcp }))
      sub.all(`/${name}`, guard as typeof mcp, (c) => c.text(`ran:${name}`));
    if (how === 'mount') app.mount('/api', sub.fetch);
    else if (how !== 'app') app.route(how === 'route' ? '/api' : '/', sub);
    app.all('/*', (c) => c.text('ran:public'));
    return listen(
      serve(async (request, env) => app.fetch(request, env)),
      () => kc.close(),
    );
  };
}

/** @param toApp an application of the two handlers */
function fetchApp(toApp: (routes: { admin: Fetch; mcp: Fetch }) => Fetch, serve = byAdaptor) {
  return async ({ verifier, mcp: options }: Guards) => {
    const kc = fetchKeycloak({ verifier });
    const mcp = kc.mcp(options, () => new Response('ran:mcp'));
    const admin = kc.guard(REQUIRED, () => new Response('ran:admin'));
    return listen(serve(toApp({ admin, mcp })), () => kc.close());
  };
}

const open = () => new Response('ran:public');
const byHand =
  (read: (url: string) => string): Parameters<typeof fetchApp>[0] =>
  (routes) =>
  (request) => {
    const [, name = ''] = /^\/(admin|mcp)\/?$/.exec(read(request.url)) ?? [];
    return (Object.hasOwn(routes, name) ? routes[name as keyof typeof routes] : open)(request);
  };
const FETCH: Readonly<Record<string, Parameters<typeof fetchApp>[0]>> = {
  URL: byHand((url) => new URL(url).pathname),
  decoded: byHand((url) => decodeURIComponent(new URL(url).pathname)),
  'what follows the host': byHand((url) => url.replace(/^\w+:\/\/[^/]*/, '').split('?')[0] ?? ''),
  H3: ({ admin, mcp }) => {
    const h3 = new H3();
    for (const [name, handle] of Object.entries({ admin, mcp })) h3.all(`/${name}`, ({ req }) => handle(req));
    h3.all('/**', open);
    return (request) => h3.fetch(request);
  },
  Elysia: ({ admin, mcp }) => {
    const elysia = new Elysia();
    for (const [name, handle] of Object.entries({ admin, mcp }))
      elysia.all(`/${name}`, ({ request }) => handle(request), { parse: 'none' });
    elysia.all('/*', open);
    return (request) => elysia.handle(request);
  },
};

function nodeApp(read: (target: string) => string | null) {
  return async ({ verifier, mcp }: Guards) => {
    const kc = nodeKeycloak({ verifier });
    const guards = { '/admin': kc.guard(REQUIRED), '/mcp': kc.mcp(mcp) };
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      let path: string | null = null;
      try {
        path = read(request.url ?? '');
      } catch {}
      if (path !== '/admin' && path !== '/mcp') response.end('ran:public');
      else
        guards[path](request, response, (error) => response.end(error ? 'error' : `ran:${path?.slice(1)}`));
    });
    return listen(server, () => kc.close());
  };
}

function nestApp(platform: 'express' | 'fastify', options: FastifyServerOptions = {}, isVersioned = false) {
  return async ({ verifier, mcp }: Guards) => {
    class Routes {
      admin() {
        return 'ran:admin';
      }
      mcp() {
        return 'ran:mcp';
      }
      open() {
        return 'ran:public';
      }
    }
    decorate(Routes, 'admin', All('admin'), Require(REQUIRED));
    decorate(Routes, 'mcp', All('mcp'), Mcp());
    decorate(Routes, 'open', All(platform === 'express' ? '{*rest}' : '*'));
    decorate(Routes, isVersioned ? Controller({ version: '1' }) : Controller());
    class AppModule {}
    Module({
      imports: [KeycloakModule.forRoot({ verifier, mcp } as never)],
      controllers: [Routes],
    })(AppModule);
    const quiet = { logger: false, forceCloseConnections: true, abortOnError: false } as const;
    const app = await (platform === 'express'
      ? NestFactory.create(AppModule as Type, quiet)
      : NestFactory.create(
          AppModule as Type,
          new FastifyAdapter({ forceCloseConnections: true, ...options } as never),
          quiet,
        ));
    if (isVersioned) app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI });
    await app.listen(0, '127.0.0.1');
    return { url: await app.getUrl(), close: () => app.close() };
  };
}

function hapiApp(router: ServerOptions['router'], { prefix = '', rewrites = false } = {}) {
  return async ({ verifier, mcp }: Guards) => {
    const kc = hapiKeycloak({ verifier });
    const server = hapiServer({ host: '127.0.0.1', debug: false, router });
    await server.register(kc.plugin);
    if (rewrites)
      server.ext('onRequest', (request, h) => {
        request.setUrl(rewrite(request.raw.req.url));
        return h.continue;
      });
    const routes = {
      name: 'routes',
      register(scope: typeof server) {
        scope.auth.strategy('mcp', 'keycloak-mcp', mcp);
        scope.auth.strategy('admin', 'keycloak', REQUIRED);
        for (const name of ['admin', 'mcp'])
          scope.route({
            method: '*',
            path: `/${name}`,
            options: { auth: name },
            handler: () => `ran:${name}`,
          });
      },
    };
    await server.register(routes, prefix === '' ? {} : { routes: { prefix } });
    server.route({ method: '*', path: '/{rest*}', handler: () => 'ran:public' });
    await server.start();
    return { url: server.info.uri, close: () => server.stop({ timeout: 1 }) };
  };
}

const four = express4 as unknown as typeof express;
const LOOSE = {
  caseSensitive: false,
  ignoreTrailingSlash: true,
  ignoreDuplicateSlashes: true,
  useSemicolonDelimiter: true,
};
const rewriteUrl = ({ url }: { url?: string | undefined }) => rewrite(url);

export const MOUNTED: readonly Mounted[] = [
  ...(['app', 'strict', 'rewriting'] as const).flatMap((how) => [
    { name: `Express 5, ${how}`, start: expressApp(express, how) },
    { name: `Express 4, ${how}`, start: expressApp(four, how) },
  ]),
  ...(['router', 'mounted'] as const).flatMap((how) => [
    { name: `Express 5, ${how}`, prefix: '/api', start: expressApp(express, how) },
    { name: `Express 4, ${how}`, prefix: '/api', start: expressApp(four, how) },
  ]),
  { name: 'Fastify', start: fastifyApp({}) },
  { name: 'Fastify, loose', start: fastifyApp({ routerOptions: LOOSE }) },
  { name: 'Fastify, prefix', prefix: '/api', start: fastifyApp({ routerOptions: LOOSE }, '/api') },
  { name: 'Fastify, rewriting', start: fastifyApp({ rewriteUrl } as FastifyServerOptions) },
  { name: 'Koa', start: koaApp({}) },
  { name: 'Koa, strict', start: koaApp({ strict: true, sensitive: true }) },
  { name: 'Koa, prefix', prefix: '/api', start: koaApp({ prefix: '/api' }) },
  { name: 'Koa, rewriting', start: koaApp({}, true) },
  { name: 'hapi', start: hapiApp({}) },
  { name: 'hapi, loose', start: hapiApp({ isCaseSensitive: false, stripTrailingSlash: true }) },
  { name: 'hapi, prefix', prefix: '/api', start: hapiApp({}, { prefix: '/api' }) },
  { name: 'hapi, rewriting', start: hapiApp({}, { rewrites: true }) },
  { name: 'Hono', start: honoApp({}) },
  { name: 'Hono, not strict', start: honoApp({ strict: false }) },
  { name: 'Hono, linear router', start: (guards) => honoApp({ router: new LinearRouter() })(guards) },
  { name: 'Hono, targets as sent', start: honoApp({}, 'app', asSent) },
  { name: 'Hono, as on Bun', start: honoApp({}, 'app', asOnBun) },
  { name: 'Hono, rewriting', start: honoApp({ getPath: ({ url }) => rewrite(new URL(url).pathname) }) },
  ...(['route', 'mount', 'basePath'] as const).map((how) => ({
    name: `Hono, ${how}`,
    prefix: '/api',
    start: honoApp({}, how),
  })),
  ...Object.entries(FETCH).flatMap(([name, toApp]) => [
    { name: `Fetch, ${name}`, start: fetchApp(toApp) },
    { name: `Fetch, ${name}, targets as sent`, start: fetchApp(toApp, asSent) },
    { name: `Fetch, ${name}, as on Bun`, start: fetchApp(toApp, asOnBun) },
  ]),
  { name: 'Node, url.parse', start: nodeApp((target) => parse(target).pathname) },
  { name: 'Node, URL', start: nodeApp((target) => new URL(target, 'http://localhost').pathname) },
  { name: 'Node, decoded', start: nodeApp((target) => decodeURIComponent(target.split('?')[0] ?? '')) },
  { name: 'Nest on Express', start: nestApp('express') },
  { name: 'Nest on Express, versions', prefix: '/api/v1', start: nestApp('express', {}, true) },
  { name: 'Nest on Fastify', start: nestApp('fastify', { routerOptions: LOOSE }) },
  { name: 'Nest on Fastify, versions', prefix: '/api/v1', start: nestApp('fastify', {}, true) },
];
