import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import cors from '@koa/cors';
import Router from '@koa/router';
import Koa from 'koa';
import { keycloak } from '../../packages/guard/src/adapters/koa/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { listen, toOptions } from './listen.ts';

async function start(given: Given): Promise<RunningApp> {
  const kc = keycloak(toOptions(given));
  const app = new Koa();
  // Errors that are made on purpose are not printed.
  app.silent = true;
  if (given.cors !== undefined) app.use(cors({ origin: given.cors }));
  if (given.hasErrorHandler) app.use(answerErrors);
  if (given.session !== undefined) app.use(kc.session(given.session));
  if (given.resource !== undefined) app.use(kc.protectedResource(given.resource));
  app.use(kc.backchannelLogout());
  const router = new Router();
  router.get('/open', (ctx) => {
    ctx.body = { open: true };
  });
  router.get('/health', (ctx) => {
    ctx.body = kc.health();
  });
  const whoami: Koa.Middleware = (ctx) => {
    ctx.body = { username: ctx.state.principal?.username ?? null };
  };
  router.all('/guarded', kc.guard(), whoami);
  router.all('/admin', kc.guard({ realmRole: 'admin' }), whoami);
  router.get('/scoped', kc.guard({ scope: 'orders:read' }), whoami);
  router.get('/optional', kc.guard({ optional: true }), whoami);
  const deep = new Router({ prefix: '/deep' }).use(kc.guard()).get('/guarded', whoami);
  const nested = new Router({ prefix: '/nested' }).use(deep.routes());
  router.get('/async', kc.guard(), async (ctx) => {
    await wait(1);
    ctx.body = { username: ctx.state.principal?.username };
  });
  router.get('/stream', kc.guard(), async (ctx) => {
    const body = new PassThrough();
    ctx.body = body;
    void (async () => {
      for (let line = 0; line < 10; line++) {
        body.write(`${line}\n`);
        await wait(1);
      }
      body.end();
    })();
  });
  router.get('/token', kc.guard(), async (ctx) => {
    ctx.body = { token: await kc.accessToken(ctx) };
  });
  const callsOn = given.calls?.(kc as never);
  router.get('/calls', kc.guard({ optional: true }), async (ctx) => {
    ctx.body = await callsOn?.(ctx, ctx.state.principal);
  });
  const ofOrg = (ctx: Koa.Context) => {
    ctx.body = { org: ctx.params.org, tenant: ctx.state.principal?.tenant ?? null };
  };
  router.get('/orgs/:org', kc.guard({ tenant: ':org' }), ofOrg);
  router.get(
    '/members/:org',
    kc.guard(({ params }) => ({ organization: params.org })),
    ofOrg,
  );
  router.get('/lost/:org', kc.guard({ tenant: ':nothing' }), ofOrg);
  router.get(
    '/asked',
    kc.guard((ctx) => given.asks?.(ctx) as never),
    whoami,
  );
  if (given.permissions !== undefined) {
    kc.permissions(given.permissions);
    router.get('/permitted', kc.guard(), kc.permit('orders#view'), whoami);
    router.get('/hidden', kc.guard(), kc.permit('reports#view', { hide: true }), whoami);
    router.get('/any', kc.guard(), kc.permit({ anyOf: ['orders#delete', 'reports#view'] }), whoami);
    const byName = kc.permit(({ params }) => `${params.name}#view`);
    router.get('/things/:name', kc.guard(), byName, whoami);
    router.get('/misconfigured', kc.guard(), kc.permit('nothing#view'), whoami);
    router.get('/unguarded', kc.permit('orders#view'), whoami);
  }
  router.get('/fails', kc.guard(), () => {
    throw new Error('a fault of the handler');
  });
  app.use(router.routes()).use(nested.routes());
  return listen(createServer(app.callback()), () => kc.close());
}

const answerErrors: Koa.Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    const {
      statusCode = 500,
      headers = {},
      code,
      message,
    } = error as Partial<import('fastify').FastifyError> & {
      headers?: Record<string, string>;
    };
    ctx.status = statusCode;
    ctx.body = { own: code ?? message };
    ctx.set(headers);
  }
};

export const KOA: Adapter = { name: 'koa', start, lacks: ['bodyParsers'] };
