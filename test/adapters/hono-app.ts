import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import type { FastifyError } from 'fastify';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { stream } from 'hono/streaming';
import { keycloak } from '../../packages/guard/src/adapters/hono/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { listen, toOptions } from './listen.ts';

async function start(given: Given): Promise<RunningApp> {
  const kc = keycloak(toOptions(given));
  const app = new Hono();
  if (given.cors !== undefined) app.use(cors({ origin: given.cors }));
  if (given.hasErrorHandler) app.onError(answerError);
  if (given.hasBodyParsers) app.use(parseBody);
  if (given.session !== undefined) app.use(kc.session(given.session));
  if (given.resource !== undefined) app.use(kc.protectedResource(given.resource));
  app.use(kc.backchannelLogout());
  const whoami = (c: Context) => c.json({ username: c.var.principal?.username ?? null });
  app.get('/open', (c) => c.json({ open: true }));
  app.get('/health', (c) => c.json(kc.health()));
  app.all('/guarded', kc.guard(), (c) => c.json({ username: c.var.principal.username }));
  app.all('/admin', kc.guard({ realmRole: 'admin' }), whoami);
  app.get('/scoped', kc.guard({ scope: 'orders:read' }), whoami);
  app.get('/optional', kc.guard({ optional: true }), (c) =>
    c.json({ username: c.var.principal?.username ?? null }),
  );
  const deep = new Hono();
  deep.use(kc.guard());
  deep.get('/guarded', whoami);
  app.route('/nested', new Hono().route('/deep', deep));
  app.get('/async', kc.guard(), async (c) => {
    await wait(1);
    return whoami(c);
  });
  app.get('/stream', kc.guard(), (c) =>
    stream(c, async (out) => {
      for (let line = 0; line < 10; line++) {
        await out.write(`${line}\n`);
        await wait(1);
      }
    }),
  );
  const ofOrg = (c: Context) => c.json({ org: c.req.param('org'), tenant: c.var.principal?.tenant ?? null });
  app.get('/orgs/:org', kc.guard({ tenant: ':org' }), ofOrg);
  app.get(
    '/members/:org',
    kc.guard((c) => ({ organization: c.req.param('org') as string })),
    ofOrg,
  );
  app.get('/lost/:org', kc.guard({ tenant: ':nothing' }), ofOrg);
  app.get(
    '/asked',
    kc.guard((c) => given.asks?.(c) as never),
    whoami,
  );
  if (given.permissions !== undefined) {
    kc.permissions(given.permissions);
    app.get('/permitted', kc.guard(), kc.permit('orders#view'), whoami);
    app.get('/hidden', kc.guard(), kc.permit('reports#view', { hide: true }), whoami);
    app.get('/any', kc.guard(), kc.permit({ anyOf: ['orders#delete', 'reports#view'] }), whoami);
    const byName = kc.permit((c) => `${c.req.param('name')}#view`);
    app.get('/things/:name', kc.guard(), byName, whoami);
    app.get('/misconfigured', kc.guard(), kc.permit('nothing#view'), whoami);
    app.get('/unguarded', kc.permit('orders#view'), whoami);
  }
  app.get('/fails', kc.guard(), () => {
    throw new Error('a fault of the handler');
  });
  const callsOn = given.calls?.(kc as never);
  app.get('/calls', kc.guard({ optional: true }), async (c) =>
    c.json(await callsOn?.(c, c.var.principal as never)),
  );
  app.get('/token', kc.guard(), async (c) => c.json({ token: await kc.accessToken(c) }));
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server, () => kc.close());
}

function answerError(error: Error, c: Context): Response {
  const {
    statusCode = 500,
    headers = {},
    code,
    message,
  } = (error.cause ?? error) as FastifyError & {
    headers?: Record<string, string>;
  };
  return c.json({ own: code ?? message }, statusCode as 500, headers);
}

/** Hono has no parsers that stand in front: who wants a body asks for it, and may do so again. */
const parseBody: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'POST') await c.req.text();
  await next();
};

export const HONO: Adapter = { name: 'hono', start };
