import Router, { type RouterContext } from '@koa/router';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/koa';
import Koa, { type Context, type Middleware } from 'koa';

interface State {
  tenant?: string;
}

// The type of the options needs no argument, and knows the framework's request.
const options: KeycloakOptions = {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
  onDenied: (ctx) => console.log(ctx.ip),
};
const kc = keycloak(options);
const app = new Koa<State>();
const router = new Router<State>();

router.post('/orders/:id', kc.guard(), (ctx) => {
  const id: string | undefined = ctx.params.id;
  ctx.status = 201;
  ctx.body = { id, tenant: ctx.state.tenant, by: ctx.state.principal?.username, tab: ctx.query.tab };
});
const show: Middleware = async (ctx: Context, next) => {
  ctx.body = ctx.request.headers;
  await next();
};
router.get('/who', kc.guard({ realmRole: 'user' }), show);
router.get('/typed', kc.guard(), (ctx: RouterContext) => {
  ctx.body = ctx.state.tenant;
});
app.use(kc.guard());
app.use(router.routes());
