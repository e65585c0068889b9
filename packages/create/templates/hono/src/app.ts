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

  app.get('/me', kc.guard(), (c) => c.json({ hello: c.var.principal.username }));

  app.get('/admin', kc.guard({ realmRole: 'admin' }), (c) => c.json({ secret: 42 }));

  return app;
}
