import { type Context, Hono } from 'hono';
import { validator } from 'hono/validator';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/hono';

type Env = { Variables: { tenant: string }; Bindings: { DB: string } };

// The type of the options needs no argument, and knows the framework's request.
const options: KeycloakOptions = {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
  onDenied: (c) => console.log(c.req.path),
};
const kc = keycloak(options);
const app = new Hono<Env>();

app.post(
  '/orders/:id',
  kc.guard(),
  validator('json', (value: { item?: string }) => ({ item: value.item ?? '' })),
  (c) => {
    const item: string = c.req.valid('json').item;
    const id: string = c.req.param('id');
    const tenant: string = c.var.tenant;
    const db: string = c.env.DB;
    return c.json({ item, id, tenant, db, by: c.var.principal.username });
  },
);
const show = (c: Context<Env>) => c.json({ tenant: c.var.tenant, tab: c.req.query('tab') });
app.get('/who', kc.guard(), show);
app.use('/admin/*', kc.guard({ realmRole: 'admin' }));
// @ts-expect-error A variable that nobody sets.
app.get('/wrong', kc.guard(), (c) => c.json(c.var.missing));
