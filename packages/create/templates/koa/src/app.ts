import Router from '@koa/router';
import { keycloak } from 'keycloak-guard/koa';
import Koa from 'koa';
// #if browser
import { home } from './home.ts';
// #endif
import type { Settings } from './settings.ts';

export function buildApp(settings: Settings): Koa {
  const kc = keycloak(settings.keycloak);
  const app = new Koa();
  const router = new Router();

  // #if browser
  app.use(kc.session(settings.session));
  app.use(kc.backchannelLogout());
  // #endif

  router.get('/', (ctx) => {
    // #if browser
    ctx.body = home;
    // #else
    ctx.body = { hello: 'world' };
    // #endif
  });

  // For Kubernetes and load balancers: whether the keys of the realm are loaded.
  router.get('/health/ready', (ctx) => {
    const health = kc.health();
    ctx.status = health.isReady ? 200 : 503;
    ctx.body = health;
  });

  router.get('/me', kc.guard(), (ctx) => {
    ctx.body = { hello: ctx.state.principal?.username };
  });

  router.get('/admin', kc.guard({ realmRole: 'admin' }), (ctx) => {
    ctx.body = { secret: 42 };
  });

  app.use(router.routes());
  return app;
}
