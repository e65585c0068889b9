import { createServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import cors from 'cors';
import {
  keycloak,
  type NodeMiddleware,
  type NodeRequest,
  type NodeResponse,
} from '../../packages/guard/src/adapters/node/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { createHttp2Fetch } from '../support/http2-fetch.ts';
import { listen, toOptions } from './listen.ts';

type Listener = (request: NodeRequest, response: NodeResponse) => void;

function createApp(given: Given): { listener: Listener; close: () => Promise<void> } {
  const kc = keycloak(toOptions(given));
  const send = (response: NodeResponse, body: object, status = 200): void => {
    response.statusCode = status;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  };
  const whoami = (request: { principal?: { username: string | null } | undefined }, response: NodeResponse) =>
    send(response, { username: request.principal?.username ?? null });
  const nested = kc.guard();
  const callsOn = given.calls?.(kc as never);
  const routes: Record<string, Listener> = {
    '/open': (_request, response) => send(response, { open: true }),
    '/health': (_request, response) => send(response, kc.health()),
    '/guarded': kc.guard({}, whoami),
    '/admin': kc.guard({ realmRole: 'admin' }, whoami),
    '/scoped': kc.guard({ scope: 'orders:read' }, whoami),
    '/optional': kc.guard({ optional: true }, whoami),
    '/nested/deep/guarded': (request, response) =>
      nested(request, response, (error) =>
        error ? send(response, {}, 500) : whoami(request as never, response),
      ),
    '/async': kc.guard({}, async (request, response) => {
      await wait(1);
      whoami(request, response);
    }),
    '/stream': kc.guard({}, async (_request, response) => {
      for (let line = 0; line < 10; line++) {
        (response as import('node:http').ServerResponse).write(`${line}\n`);
        await wait(1);
      }
      response.end();
    }),
    '/token': kc.guard({}, async (request, response) => {
      send(response, { token: await kc.accessToken(request) });
    }),
    '/calls': kc.guard({ optional: true }, async (request, response) => {
      send(response, (await callsOn?.(request, request.principal as never)) ?? {});
    }),
    '/fails': kc.guard({}, () => {
      throw new Error('a fault of the handler');
    }),
  };
  const orgOf = ({ url = '' }: NodeRequest) =>
    decodeURIComponent(url.replace(/\?.*/, '').split('/')[2] ?? '');
  const ofOrg = (request: NodeRequest & { principal: { tenant?: string } }, response: NodeResponse) =>
    send(response, { org: orgOf(request), tenant: request.principal.tenant ?? null });
  Object.assign(routes, {
    '/orgs': kc.guard((request) => ({ tenant: orgOf(request) }), ofOrg),
    '/members': kc.guard((request) => ({ organization: orgOf(request) }), ofOrg),
    '/asked': kc.guard((request) => given.asks?.(request) as never, whoami),
  });
  if (given.permissions !== undefined) {
    kc.permissions(given.permissions);
    const byName = kc.permit(({ url = '' }) => `${decodeURIComponent(url.slice('/things/'.length))}#view`);
    const answerNext = (request: NodeRequest, response: NodeResponse) =>
      byName(request, response, (error) =>
        error ? send(response, {}, 500) : whoami(request as never, response),
      );
    Object.assign(routes, {
      '/permitted': kc.guard({}, kc.permit('orders#view', {}, whoami)),
      '/hidden': kc.guard({}, kc.permit('reports#view', { hide: true }, whoami)),
      '/any': kc.guard({}, kc.permit({ anyOf: ['orders#delete', 'reports#view'] }, {}, whoami)),
      '/things': kc.guard({}, answerNext),
      '/misconfigured': kc.guard({}, kc.permit('nothing#view', {}, whoami)),
      '/unguarded': kc.permit('orders#view', {}, whoami),
    });
  }
  const inFront: NodeMiddleware[] = [
    ...(given.cors === undefined ? [] : [cors({ origin: given.cors }) as unknown as NodeMiddleware]),
    ...(given.session === undefined ? [] : [kc.session(given.session)]),
    ...(given.resource === undefined ? [] : [kc.protectedResource(given.resource)]),
    kc.backchannelLogout(),
  ];
  const route: Listener = (request, response) => {
    const path =
      request.url
        ?.replace(/^http:\/\/[^/]*/, '')
        .replace(/\?.*/, '')
        .replace(/^\/(things|orgs|members)\/.*/, '/$1') ?? '';
    const listener = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (listener === undefined) send(response, { detail: 'Not Found' }, 404);
    else listener(request, response);
  };
  const listener = inFront.reduceRight<Listener>(
    (next, middleware) => (request, response) =>
      middleware(request, response, (error) =>
        error === undefined ? next(request, response) : send(response, {}, 500),
      ),
    route,
  );
  return { listener, close: () => kc.close() };
}

async function startHttp2(given: Given): Promise<RunningApp> {
  const { listener, close } = createApp(given);
  const server: Http2Server = createHttp2Server(listener);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createHttp2Fetch(url);
  return {
    url,
    fetch: client.fetch,
    async close() {
      client.close();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
      await close();
    },
  };
}

export const NODE: readonly Adapter[] = [
  {
    name: 'node http',
    lacks: ['errorHandler', 'bodyParsers', 'parameters'],
    start(given) {
      const { listener, close } = createApp(given);
      return listen(createServer(listener), close);
    },
  },
  { name: 'node http2', lacks: ['errorHandler', 'bodyParsers', 'parameters', 'http1'], start: startHttp2 },
];
