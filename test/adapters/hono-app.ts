import { setTimeout as wait } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { keycloak } from '../../packages/guard/src/hono/index.ts';
import type { Adapter, Given } from '../contract/adapter/adapter.ts';
import { listen } from './listen.ts';

async function start(given: Given) {
  const { session, onDenied, onMessage } = given;
  const kc = keycloak({
    ...given.keycloak,
    explain: given.explain,
    onDenied: onDenied && ((_c, error, principal) => onDenied(error, principal)),
  });
  const app = new Hono();
  if (session !== undefined) app.use(kc.session(session));
  app.use(kc.backchannelLogout({ onMessage: onMessage && ((_c, message) => onMessage(message)) }));
  const whoami = (c: Context) => c.json({ username: c.var.principal?.username ?? null });
  app.get('/open', (c) => c.json({ open: true }));
  app.all('/guarded', kc.guard(), (c) => c.json({ username: c.var.principal.username }));
  app.get('/admin', kc.guard({ realmRole: 'admin' }), whoami);
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
  app.get('/fails', kc.guard(), () => {
    throw new Error('a fault of the handler');
  });
  const { url, close } = await listen((done) =>
    serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, done),
  );
  return {
    url,
    async close() {
      await close();
      await kc.close();
    },
  };
}

export const HONO: readonly Adapter[] = [{ name: 'hono', start }];
