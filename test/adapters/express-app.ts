import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import cors from 'cors';
import express from 'express';
import express4 from 'express4';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';
import { listen, toOptions } from './listen.ts';

async function start(make: typeof express, given: Given): Promise<RunningApp> {
  const kc = keycloak(toOptions(given));
  const app = make();
  // Errors that are made on purpose are not printed.
  app.set('env', 'test');
  if (given.cors !== undefined) app.use(cors({ origin: given.cors }));
  if (given.hasBodyParsers) app.use(make.json(), make.urlencoded({ extended: true, limit: '1mb' }));
  if (given.session !== undefined) app.use(kc.session(given.session));
  if (given.resource !== undefined) app.use(kc.protectedResource(given.resource));
  app.use(kc.backchannelLogout());
  const whoami = (request: express.Request, response: express.Response) =>
    void response.json({ username: request.principal?.username ?? null });
  app.get('/open', (_request, response) => void response.json({ open: true }));
  app.get('/health', (_request, response) => void response.json(kc.health()));
  app.all('/guarded', kc.guard(), whoami);
  app.all('/admin', kc.guard({ realmRole: 'admin' }), whoami);
  app.get('/scoped', kc.guard({ scope: 'orders:read' }), whoami);
  app.get('/optional', kc.guard({ optional: true }), whoami);
  const nested = make.Router();
  const deep = make.Router();
  nested.use('/deep', deep);
  deep.use(kc.guard());
  deep.get('/guarded', whoami);
  app.use('/nested', nested);
  app.get('/async', kc.guard(), async (request, response) => {
    await wait(1);
    whoami(request, response);
  });
  app.get('/stream', kc.guard(), async (_request, response) => {
    for (let line = 0; line < 10; line++) {
      response.write(`${line}\n`);
      await wait(1);
    }
    response.end();
  });
  app.get('/token', kc.guard(), async (request, response) => {
    response.json({ token: await kc.accessToken(request) });
  });
  const callsOn = given.calls?.(kc as never);
  app.get('/calls', kc.guard({ optional: true }), async (request, response) => {
    response.json(await callsOn?.(request, request.principal));
  });
  const ofOrg = (request: express.Request, response: express.Response) =>
    void response.json({ org: request.params.org, tenant: request.principal?.tenant ?? null });
  app.get('/orgs/:org', kc.guard({ tenant: ':org' }), ofOrg);
  app.get(
    '/members/:org',
    kc.guard(({ params }) => ({ organization: params.org as string })),
    ofOrg,
  );
  app.get('/lost/:org', kc.guard({ tenant: ':nothing' }), ofOrg);
  app.get(
    '/asked',
    kc.guard((request) => given.asks?.(request) as never),
    whoami,
  );
  if (given.permissions !== undefined) {
    kc.permissions(given.permissions);
    app.get('/permitted', kc.guard(), kc.permit('orders#view'), whoami);
    app.get('/hidden', kc.guard(), kc.permit('reports#view', { hide: true }), whoami);
    app.get('/any', kc.guard(), kc.permit({ anyOf: ['orders#delete', 'reports#view'] }), whoami);
    app.get(
      '/things/:name',
      kc.guard(),
      kc.permit(({ params }) => `${params.name}#view`),
      whoami,
    );
    app.get('/misconfigured', kc.guard(), kc.permit('nothing#view'), whoami);
    app.get('/unguarded', kc.permit('orders#view'), whoami);
  }
  app.get('/fails', kc.guard(), () => {
    throw new Error('a fault of the handler');
  });
  if (given.hasErrorHandler) app.use(answerErrors);
  return listen(createServer(app), () => kc.close());
}

const answerErrors: express.ErrorRequestHandler = (error, _request, response, _next) => {
  response
    .status(error.statusCode ?? 500)
    .set(error.headers ?? {})
    .json({ own: error.code ?? error.message });
};

export const EXPRESS: readonly Adapter[] = [
  { name: 'express 5', start: (given) => start(express, given) },
  { name: 'express 4', start: (given) => start(express4 as unknown as typeof express, given) },
];
