// The adapters, once. `npm run docs` makes every table of them from this list; a test fails while a table is stale.

/** An adapter, or a framework that one serves. */
export interface AdapterEntry {
  /** Of its page in docs/frameworks/. */
  readonly page: string;
  /** In tables: the frameworks with their versions. */
  readonly title: string;
  /** In links, if the title is too long for one. */
  readonly shortTitle?: string;
  /** Folder in packages/guard/src/adapters/ and import path; none for a framework that another adapter serves. */
  readonly room?: {
    readonly name: string;
    /** What it is. */
    readonly about: string;
    /** Rooms and npm packages that it imports. */
    readonly rooms: string;
    readonly npm?: string;
    /** What an application installs, as npm takes it. */
    readonly install?: readonly string[];
  };
  /** What a reader of its page needs besides Node.js and the library. */
  readonly needs?: string;
  /** Whether the programs of its page are run by Node.js as they stand there. */
  readonly isProgram?: true;
  /** The first parameter of `onDenied`. Default `request`. */
  readonly called?: string;
  /** Where refusals are logged. Default: the option `log`, else the standard error output. */
  readonly log?: string;
  /** The framework's setting for proxies, as an alternative to `publicUrl`. */
  readonly proxy: string;
  /** App and tests, below examples/. */
  readonly example: { readonly app: string; readonly test: string };
  /** Where options of the verifier go; `session`: where those of sessions go. */
  readonly options: string;
  readonly session: string;
}

const app = (folder: string) => ({ app: `${folder}/app.ts`, test: `${folder}/app.test.ts` });
const KC = { options: '`keycloak({ … })`', session: '`kc.session({ … })`' };
const AS_OPTION = { options: '`keycloak({ … })`', session: '`session: { … }`' };
const MIDDLEWARE = 'guards as middleware, browser login, back-channel logout, permissions, MCP';

/** In the order of the tables. */
export const ADAPTERS: readonly AdapterEntry[] = [
  {
    page: 'express',
    isProgram: true,
    title: 'Express 4, 5',
    room: {
      ...{ name: 'express', about: MIDDLEWARE, rooms: 'engine, core' },
      ...{ npm: 'express', install: ['express', '@types/express'] },
    },
    needs: 'Express 4 or 5',
    proxy: ', or Express’s `trust proxy`',
    example: app('express'),
    ...KC,
  },
  {
    page: 'nest',
    called: 'context',
    log: 'Nest’s own logger, or the option `log`',
    title: 'NestJS 10, 11, 12',
    room: {
      name: 'nest',
      about: 'module, guard and decorators, for HTTP, GraphQL, WebSockets and microservices',
      rooms: 'engine, authz, core, session',
      npm: '@nestjs/common, @nestjs/core, @nestjs/microservices, @nestjs/websockets, rxjs',
      install: ['@nestjs/common@11', '@nestjs/core@11', 'reflect-metadata', 'rxjs'],
    },
    needs: 'Nest 10, 11 or 12',
    proxy: ', or the platform’s own setting for proxies',
    example: { app: 'nest/src/app.module.ts', test: 'nest/test/app.spec.ts' },
    options: '`KeycloakModule.forRoot({ … })`',
    session: '`session: { … }`',
  },
  {
    page: 'fastify',
    isProgram: true,
    log: 'the app’s own logger, in production at level `debug`',
    title: 'Fastify 5',
    room: {
      name: 'fastify',
      about:
        'plugins: guards as hooks, security in OpenAPI, browser login, back-channel logout, permissions, MCP',
      rooms: 'engine, core',
      ...{ npm: 'fastify', install: ['fastify'] },
    },
    needs: 'Fastify 5',
    proxy: ', or Fastify’s `trustProxy`',
    example: app('fastify'),
    options: 'registering `keycloakGuard`',
    session: 'registering `keycloakSession`',
  },
  {
    page: 'hono',
    called: 'c',
    title: 'Hono',
    room: {
      ...{ name: 'hono', about: `${MIDDLEWARE}; \`c.var.principal\` is typed` },
      ...{ rooms: 'engine, core', npm: 'hono', install: ['hono'] },
    },
    needs: 'Hono',
    proxy: '',
    example: app('hono'),
    ...KC,
  },
  {
    page: 'next',
    title: 'Next.js',
    needs: 'Next.js',
    proxy: '',
    example: { app: 'next/app/api/orders/route.ts', test: 'next/app.test.ts' },
    ...AS_OPTION,
  },
  {
    page: 'koa',
    isProgram: true,
    called: 'ctx',
    title: 'Koa 2, 3',
    room: {
      ...{ name: 'koa', about: MIDDLEWARE, rooms: 'engine, core' },
      ...{ npm: 'koa', install: ['koa', '@types/koa'] },
    },
    needs: 'Koa 2 or 3',
    proxy: ', or Koa’s `app.proxy`',
    example: app('koa'),
    ...KC,
  },
  {
    page: 'hapi',
    isProgram: true,
    title: 'hapi 21',
    room: {
      name: 'hapi',
      about: 'a plugin with scheme and strategy, browser login, back-channel logout, permissions, MCP',
      rooms: 'engine, core',
      ...{ npm: '@hapi/hapi', install: ['@hapi/hapi'] },
    },
    needs: 'hapi 21',
    proxy: '',
    example: app('hapi'),
    ...AS_OPTION,
  },
  {
    page: 'fetch',
    title: 'SvelteKit, Nuxt, Astro, React Router, TanStack Start, Bun, Deno, Cloudflare Workers, H3, Elysia',
    shortTitle: 'SvelteKit, Nuxt, Bun, Deno',
    room: {
      name: 'fetch',
      about: 'for every server whose handlers take a `Request`',
      rooms: 'engine, core',
    },
    needs: 'or Bun, Deno or Workers',
    proxy: '',
    example: app('fetch'),
    ...AS_OPTION,
  },
  {
    page: 'node',
    isProgram: true,
    title: '`node:http`, `https`, `http2`',
    shortTitle: 'Node.js',
    room: {
      name: 'node',
      about: 'guards around listeners or as middleware; all that the others have',
      rooms: 'engine, core',
    },
    proxy: '',
    example: app('node'),
    ...KC,
  },
];
