// One application for two brands: customers of the shop have a realm each, by host; members of the club have organizations of one.
import express, { type Express, type Request, type Response } from 'express';
import { keycloak } from 'keycloak-guard/express';

/** As much of a database as is needed: a customer of the shop has a row. */
export interface Database {
  findCustomer(name: string): Promise<{ readonly realm: string } | undefined>;
}

export function buildApp(serverUrl: string, database: Database): Express {
  const shop = keycloak({
    ...{ serverUrl, clientId: 'shop' },
    tenants: {
      of: ({ hostname }) => /^([a-z0-9-]+)\.shop\.example$/.exec(hostname)?.[1],
      get: (name) => database.findCustomer(name),
    },
  });
  const club = keycloak({ serverUrl, clientId: 'club', realm: 'club', tenants: 'organizations' });
  const orders = (brand: string) => (request: Request, response: Response) =>
    // Data of an application is kept by tenant: it is the same word for both kinds.
    void response.json({ brand, tenant: request.principal?.tenant, orders: [] });

  const app = express();
  app.get('/shop/orders', shop.guard(), orders('The Shop'));
  app.get('/club/:org/orders', club.guard({ tenant: ':org' }), orders('The Club'));
  return app;
}
