// A small API of orders with Hono: everybody's own, all of them for admins, and a page for people.
import { type Context, Hono } from 'hono';
import type { Principal } from 'keycloak-guard';
import { type KeycloakOptions, keycloak, type SessionSettings } from 'keycloak-guard/hono';

interface Order {
  readonly id: number;
  readonly owner: string;
  readonly what: string;
}

export function buildApp(options: KeycloakOptions & { readonly session: SessionSettings<Context> }): Hono {
  const { session, ...rest } = options;
  const kc = keycloak(rest);
  const orders: Order[] = [];
  const app = new Hono();

  app.use(kc.session(session), kc.backchannelLogout());

  // Some tokens name nobody: what has no owner must not be everybody's.
  const isSomebody = ({ subject }: Principal) => subject !== null;
  const api = new Hono();
  api.get('/orders', kc.guard({ check: isSomebody }), (c) =>
    c.json(orders.filter(({ owner }) => owner === c.var.principal.subject)),
  );
  api.post('/orders', kc.guard({ realmRole: 'user', check: isSomebody }), async (c) => {
    const { what } = await c.req.json<{ what: string }>();
    const order = { id: orders.length + 1, owner: c.var.principal.subject as string, what };
    orders.push(order);
    return c.json(order, 201);
  });
  api.get('/all-orders', kc.guard({ realmRole: 'admin' }), (c) => c.json(orders));
  app.route('/api', api);

  app.get('/', kc.guard(), (c) => c.text(`Hello ${c.var.principal.username}`));
  return app;
}
