// #if spa
import cors from 'cors';
// #endif
import express, { type Express } from 'express';
import { keycloak } from 'keycloak-guard/express';
// #if browser
import { home } from './home.ts';
// #endif
import type { Settings } from './settings.ts';

export function buildApp(settings: Settings): Express {
  const kc = keycloak(settings.keycloak);
  const app = express();

  // #if spa
  app.use(cors({ origin: settings.webOrigin, exposedHeaders: ['WWW-Authenticate'] }));
  // #endif
  // #if browser
  app.use(kc.session(settings.session));
  app.use(kc.backchannelLogout());
  // #endif

  app.get('/', (_request, response) => {
    // #if browser
    response.send(home);
    // #else
    response.json({ hello: 'world' });
    // #endif
  });

  // For Kubernetes and load balancers: whether the keys of the realm are loaded.
  app.get('/health/ready', (_request, response) => {
    const health = kc.health();
    response.status(health.isReady ? 200 : 503).json(health);
  });

  app.get('/me', kc.guard(), (request, response) => {
    response.json({ hello: request.principal?.username });
  });

  app.get('/admin', kc.guard({ realmRole: 'admin' }), (_request, response) => {
    response.json({ secret: 42 });
  });

  return app;
}
