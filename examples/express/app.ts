// A small app in Express: people order in the browser, programs with tokens, and an administrator sees all of it.
import express, { type Express } from 'express';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/express';

interface Order {
  readonly id: number;
  readonly owner: string;
  readonly item: string;
}

export function buildApp(options: KeycloakOptions, sessionSecret: string): Express {
  const kc = keycloak(options);
  const app = express();
  const orders = new Map<number, Order>();

  app.use(kc.session({ secret: sessionSecret }));
  app.use(kc.backchannelLogout());
  app.use(express.json());

  app.get('/', (_request, response) => {
    response.type('html').send('<h1>Orders</h1><p><a href="/orders">Mine</a> <a href="/all">All</a></p>');
  });

  // Everything behind it is for who is signed in: pages go to the login, programs get 401.
  const mine = express.Router().use(kc.guard());
  mine.get('/', (request, response) => {
    response.json([...orders.values()].filter(({ owner }) => owner === request.principal?.subject));
  });
  mine.post('/', (request, response) => {
    const { item } = (request.body ?? {}) as { item?: unknown };
    const owner = request.principal?.subject;
    if (typeof item !== 'string' || typeof owner !== 'string') {
      response.status(422).json({ detail: 'An order has an item' });
      return;
    }
    const order = { id: orders.size + 1, owner, item };
    orders.set(order.id, order);
    response.status(201).json(order);
  });
  app.use('/orders', mine);

  app.get('/all', kc.guard({ realmRole: 'admin' }), (_request, response) => {
    response.json([...orders.values()]);
  });
  return app;
}
