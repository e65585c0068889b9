import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Lifecycle,
  server as makeServer,
  type Plugin,
  type Request,
  type RouteOptions,
} from '@hapi/hapi';
import { keycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { toOptions } from './listen.ts';

const whoami = ({ auth }: Request) => ({
  username: auth.credentials?.user?.username ?? null,
});

async function start(given: Given): Promise<RunningApp> {
  const kc = keycloak({
    ...toOptions(given),
    session: given.session,
    protectedResource: given.resource,
    permissions: given.permissions,
    backchannelLogout: {},
  });
  const server = makeServer({
    ...{ host: '127.0.0.1', port: 0, debug: false },
    ...(given.cors !== undefined && { routes: { cors: { origin: [given.cors], preflightStatusCode: 204 } } }),
  });
  // hapi answers 400 where Node answers 431.
  server.listener.removeAllListeners('clientError');
  if (given.hasErrorHandler) server.ext('onPreResponse', answerError);
  await server.register(kc.plugin);
  server.auth.strategy('admin', 'keycloak', { realmRole: 'admin' });
  server.auth.strategy('scoped', 'keycloak', { scope: 'orders:read' });
  const get = (path: string, options: RouteOptions, handler: Lifecycle.Method = whoami) =>
    server.route({ method: 'GET', path, options, handler });
  get('/open', { auth: false }, () => ({ open: true }));
  get('/health', { auth: false }, () => kc.health());
  server.route({ method: ['GET', 'POST'], path: '/guarded', options: { auth: 'keycloak' }, handler: whoami });
  server.route({ method: ['GET', 'POST'], path: '/admin', options: { auth: 'admin' }, handler: whoami });
  get('/scoped', { auth: 'scoped' });
  get('/optional', { auth: { strategy: 'keycloak', mode: 'optional' } });
  const deep: Plugin<object> = {
    name: 'deep',
    register(scope) {
      scope.auth.default('keycloak');
      scope.route({ method: 'GET', path: '/guarded', handler: whoami });
    },
  };
  const nested: Plugin<object> = {
    name: 'nested',
    register: (scope) => scope.register(deep, { routes: { prefix: '/deep' } }),
  };
  get('/async', { auth: 'keycloak' }, async (request) => {
    await wait(1);
    return whoami(request);
  });
  get('/stream', { auth: 'keycloak' }, (_request, h) =>
    h.response(Readable.from(lines(), { objectMode: false })),
  );
  get('/token', { auth: 'keycloak' }, async (request) => ({ token: await kc.accessToken(request) }));
  const callsOn = given.calls?.(kc as never);
  get(
    '/calls',
    { auth: { strategy: 'keycloak', mode: 'optional' } },
    async (request) => (await callsOn?.(request, request.auth.credentials?.user as never)) ?? null,
  );
  get('/fails', { auth: 'keycloak' }, () => {
    throw new Error('a fault of the handler');
  });
  const ofOrg = ({ params, auth }: Request) => ({
    org: params.org,
    tenant: auth.credentials.user?.tenant ?? null,
  });
  server.auth.strategy('tenant', 'keycloak', { tenant: ':org' });
  server.auth.strategy('member', 'keycloak', {
    allOf: [({ params }: Request) => ({ organization: params.org })],
  });
  server.auth.strategy('lost', 'keycloak', { tenant: ':nothing' });
  server.auth.strategy('asked', 'keycloak', { allOf: [(request: Request) => given.asks?.(request)] });
  get('/orgs/{org}', { auth: 'tenant' }, ofOrg);
  get('/members/{org}', { auth: 'member' }, ofOrg);
  get('/lost/{org}', { auth: 'lost' }, ofOrg);
  get('/asked', { auth: 'asked' });
  if (given.permissions !== undefined) {
    const permitted = (...[rule, more]: Parameters<typeof kc.permit>): RouteOptions => ({
      auth: 'keycloak',
      pre: [kc.permit(rule, more)],
    });
    get('/permitted', permitted('orders#view'));
    get('/hidden', permitted('reports#view', { hide: true }));
    get('/any', permitted({ anyOf: ['orders#delete', 'reports#view'] }));
    get(
      '/things/{name}',
      permitted(({ params }) => `${params.name}#view`),
    );
    get('/misconfigured', permitted('nothing#view'));
    get('/unguarded', { auth: false, pre: [kc.permit('orders#view')] });
  }
  await server.register(nested, { routes: { prefix: '/nested' } });
  await server.start();
  return { url: server.info.uri, close: () => server.stop({ timeout: 1 }) };
}

const answerError: Lifecycle.Method = ({ response }, h) => {
  if (!('isBoom' in response)) return h.continue;
  const { code, message } = response as { code?: string; message: string };
  if (!isAuthError(response)) return h.response({ own: code ?? message }).code(500);
  const answer = h.response({ own: code }).code(response.statusCode);
  for (const [name, value] of Object.entries(response.headers)) answer.header(name, value);
  return answer;
};

async function* lines() {
  for (let line = 0; line < 10; line++) {
    yield `${line}\n`;
    await wait(1);
  }
}

/** hapi parses bodies by itself. */
export const HAPI: Adapter = { name: 'hapi', start, lacks: ['bodyParsers'] };
