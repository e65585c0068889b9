import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { keycloak } from '../../packages/guard/src/fetch/index.ts';
import type { Adapter, Given } from '../contract/adapter/adapter.ts';
import { listen } from './listen.ts';

type Handler = (request: Request) => Response | Promise<Response>;
const whoami = (_request: Request, { principal }: { principal: { username: string | null } | null }) =>
  Response.json({ username: principal?.username ?? null });

async function start(given: Given) {
  const { session, onDenied, onMessage } = given;
  const kc = keycloak({
    ...given.keycloak,
    explain: given.explain,
    onDenied: onDenied && ((_request, error, principal) => onDenied(error, principal)),
    session,
    backchannelLogout: { onMessage: onMessage && ((_request, message) => onMessage(message)) },
  });
  const guarded = kc.guard({}, whoami);
  const handlers: Record<string, Handler> = {
    '/open': () => Response.json({ open: true }),
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
    '/fails': kc.guard({}, () => {
      throw new Error('a fault of the handler');
    }),
  };
  const app = async (request: Request): Promise<Response> => {
    const answer = await kc.handle(request);
    if (answer !== undefined) return answer;
    const handler = handlers[new URL(request.url).pathname];
    return handler === undefined ? new Response('Not Found', { status: 404 }) : handler(request);
  };
  const { url, close } = await listen((done) => serve({ fetch: app, hostname: '127.0.0.1', port: 0 }, done));
  return {
    url,
    async close() {
      await close();
      await kc.close();
    },
  };
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

export const FETCH: readonly Adapter[] = [{ name: 'fetch', start }];
