// A front end, an agent and two services. Each line with `fetch…` is all that a call in somebody's name takes.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import express, { type Express, type Request } from 'express';
import { Hono } from 'hono';
import type { Principal, VerifierOptions } from 'keycloak-guard';
import { keycloak } from 'keycloak-guard/express';
import { keycloak as forHono, type McpAuthInfo } from 'keycloak-guard/hono';

/** Where Keycloak is. */
export type Realm = Pick<VerifierOptions, 'serverUrl' | 'realm' | 'credential'>;

/** A front end: people sign in with the browser, and it calls `shop` in their name. */
export function buildFront(realm: Realm, shopOrigin: string, secret: string): Express {
  const kc = keycloak({ ...realm, clientId: 'front', audience: 'front' });
  const shop = kc.fetchFor({ origin: shopOrigin, audience: 'shop', scope: 'to-shop' });
  const app = express();
  app.use(kc.session({ secret }));
  app.get('/', kc.guard(), async (request, response) => {
    response.json(await (await shop(request, '/checkout')).json());
  });
  return app;
}

/** An agent: a tool of an MCP server calls `shop` in the name of whoever uses it. */
export function buildAgent(
  realm: Realm,
  url: string,
  shopOrigin: string,
): Hono<{ Variables: { auth: McpAuthInfo } }> {
  const kc = forHono({ ...realm, clientId: url, audience: url });
  const shop = kc.fetchFor({ origin: shopOrigin, audience: 'shop', scope: 'to-shop' });
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'checkout', version: '1.0.0' });
    server.registerTool('checkout', { description: 'Shows what you are about to buy' }, async ({ http }) => {
      const answer = await shop(http?.authInfo?.extra?.principal as Principal, '/checkout');
      return { content: [{ type: 'text', text: await answer.text() }] };
    });
    return server;
  });
  const app = new Hono<{ Variables: { auth: McpAuthInfo } }>();
  const mcp = kc.mcp({ url });
  app.use(mcp.metadata);
  app.all(new URL(url).pathname, mcp, (c) => handler.fetch(c.req.raw, { authInfo: c.var.auth }));
  return app;
}

/** A service that calls another: in the name of the user for their orders, and in its own for the stock. */
export function buildShop(realm: Realm, ordersOrigin: string): Express {
  const kc = keycloak({ ...realm, clientId: 'shop', audience: 'shop' });
  const orders = kc.fetchFor({ origin: ordersOrigin, audience: 'orders', scope: 'to-orders' });
  const stock = kc.fetchAs({ origin: ordersOrigin, audience: 'orders', scope: 'to-orders' });
  const app = express();
  app.get('/checkout', kc.guard({ kind: 'person' }), async (request, response) => {
    const [mine, levels] = await Promise.all([orders(request, '/orders'), stock('/stock')]);
    response.json({ seenByShop: whoIs(request), orders: await mine.json(), stock: await levels.json() });
  });
  return app;
}

/** The last one: it sees who is called for, and through whom. */
export function buildOrders(realm: Realm): Express {
  const kc = keycloak({ ...realm, clientId: 'orders', audience: 'orders' });
  const app = express();
  app.get('/orders', kc.guard({ kind: 'person' }), (request, response) => void response.json(whoIs(request)));
  app.get('/stock', kc.guard({ kind: 'service', client: 'shop' }), (request, response) => {
    response.json(whoIs(request));
  });
  return app;
}

function whoIs({ principal }: Request) {
  return { user: principal?.username, through: principal?.authorizedParty, for: principal?.audience };
}
