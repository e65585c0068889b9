import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { keycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { listen, toOptions } from './listen.ts';

type Handler = (request: Request) => Response | Promise<Response>;
const whoami = (_request: Request, { principal }: { principal: { username: string | null } | null }) =>
  Response.json({ username: principal?.username ?? null });

async function start(given: Given): Promise<RunningApp> {
  const kc = keycloak({
    ...toOptions(given),
    session: given.session,
    protectedResource: given.resource,
    backchannelLogout: {},
    permissions: given.permissions,
  });
  const guarded = kc.guard({}, whoami);
  const callsOn = given.calls?.(kc as never);
  const handlers: Record<string, Handler> = {
    '/open': () => Response.json({ open: true }),
    '/health': () => Response.json(kc.health()),
    '/guarded': guarded,
    '/nested/deep/guarded': guarded,
    '/admin': kc.guard({ realmRole: 'admin' }, whoami),
    // As middleware does.
    '/scoped': async (request) => {
      const found = await kc.decide(request, { scope: 'orders:read' });
      return found instanceof Response ? found : Response.json({ username: found.username });
    },
    '/optional': kc.guard({ optional: true }, whoami),
    '/async': kc.guard({}, async (request, found) => {
      await wait(1);
      return whoami(request, found);
    }),
    '/stream': kc.guard({}, () => new Response(tenLines())),
    '/token': kc.guard({}, async (request) => Response.json({ token: await kc.accessToken(request) })),
    '/calls': kc.guard({ optional: true }, async (request, { principal }) =>
      Response.json(await callsOn?.(request, principal as never)),
    ),
    '/fails': kc.guard({}, () => {
      throw new Error('a fault of the handler');
    }),
  };
  // As a router does that finds parameters.
  const orgOf = ({ url }: Request) => decodeURIComponent(new URL(url).pathname.split('/')[2] ?? '');
  const ofOrg = (request: Request, { principal }: { principal: { tenant?: string } }) =>
    Response.json({ org: orgOf(request), tenant: principal.tenant ?? null });
  Object.assign(handlers, {
    '/orgs': kc.guard((request) => ({ tenant: orgOf(request) }), ofOrg),
    '/members': kc.guard((request) => ({ organization: orgOf(request) }), ofOrg),
    '/asked': kc.guard((request) => given.asks?.(request) as never, whoami),
  });
  if (given.permissions !== undefined) {
    // As a router does that finds parameters.
    const byName = kc.guard(
      {},
      kc.permit(
        (_request, _principal, { name }) => `${name}#view`,
        {},
        (request, found, _more: object) => whoami(request, found),
      ),
    );
    Object.assign(handlers, {
      '/permitted': kc.guard({}, kc.permit('orders#view', {}, whoami)),
      '/hidden': kc.guard({}, kc.permit('reports#view', { hide: true }, whoami)),
      '/any': kc.guard({}, kc.permit({ anyOf: ['orders#delete', 'reports#view'] }, {}, whoami)),
      '/things': (request: Request) =>
        byName(request, { name: decodeURIComponent(new URL(request.url).pathname.slice('/things/'.length)) }),
      '/misconfigured': kc.guard({}, kc.permit('nothing#view', {}, whoami)),
      '/unguarded': kc.guard({ optional: true }, kc.permit('orders#view', {}, whoami)),
    });
  }
  const app = async (request: Request): Promise<Response> => {
    const answer = await kc.handle(request);
    if (answer !== undefined) return answer;
    const handler = handlers[new URL(request.url).pathname.replace(/^\/(things|orgs|members)\/.*/, '/$1')];
    return handler === undefined ? new Response('Not Found', { status: 404 }) : handler(request);
  };
  return listen(createAdaptorServer({ fetch: app }) as Server, () => kc.close());
}

function tenLines(): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let line = 0;
  return new ReadableStream({
    async pull(controller) {
      await wait(1);
      controller.enqueue(encoder.encode(`${line}\n`));
      if (++line === 10) controller.close();
    },
  });
}

/** The server is `@hono/node-server`, which logs what a handler throws and answers 500. */
export const FETCH: Adapter = {
  name: 'fetch',
  start,
  lacks: ['cors', 'errorHandler', 'bodyParsers', 'parameters'],
};
