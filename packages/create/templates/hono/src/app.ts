import { Hono } from 'hono';
import { keycloak } from 'keycloak-guard/hono';
// #if browser
import { home } from './home.ts';
// #endif
import type { Settings } from './settings.ts';

export function buildApp(settings: Settings): Hono {
  const kc = keycloak(settings.keycloak);
  const app = new Hono();

  // #if browser
  app.use(kc.session(settings.session), kc.backchannelLogout());

  app.get('/', (c) => c.html(home));
  // #else
  app.get('/', (c) => c.json({ hello: 'world' }));
  // #endif

  // For Kubernetes and load balancers: whether the keys of the realm are loaded.
  app.get('/health/ready', async (c) => {
    // Hono loads nothing before the first request.
    await kc.load();
    const health = kc.health();
    return c.json(health, health.isReady ? 200 : 503);
  });

  app.get('/me', kc.guard(), (c) => c.json({ hello: c.var.principal.username }));

  app.get('/admin', kc.guard({ realmRole: 'admin' }), (c) => c.json({ secret: 42 }));

  return app;
}
