import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import express4 from 'express4';
import { keycloak } from '../../packages/guard/src/express/index.ts';
import type { Adapter, Given, RunningApp } from '../contract/adapter/adapter.ts';

async function start(make: typeof express, given: Given): Promise<RunningApp> {
  const { session, onDenied, onMessage } = given;
  const kc = keycloak({
    ...given.keycloak,
    explain: given.explain,
    onDenied: onDenied && ((_request, error, principal) => onDenied(error, principal)),
  });
  const app = make();
  if (session !== undefined) app.use(kc.session(session));
  app.use(kc.backchannelLogout({ onMessage: onMessage && ((_request, message) => onMessage(message)) }));
  const whoami = (request: express.Request, response: express.Response) =>
    void response.json({ username: request.principal?.username ?? null });
  app.get('/open', (_request, response) => void response.json({ open: true }));
  app.all('/guarded', kc.guard(), whoami);
  app.get('/admin', kc.guard({ realmRole: 'admin' }), whoami);
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
  app.get('/fails', kc.guard(), () => {
    throw new Error('a fault of the handler');
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await kc.close();
    },
  };
}

export const EXPRESS: readonly Adapter[] = [
  { name: 'express 5', start: (given) => start(express, given) },
  { name: 'express 4', start: (given) => start(express4 as unknown as typeof express, given) },
];
