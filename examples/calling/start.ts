// All of them on this machine, with a provider: npm run example -- calling
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { startDevIdp } from '@keycloak-guard/testing';
import { buildAgent, buildFront, buildOrders, buildShop } from './apps.ts';
import { SECRET, toRealm } from './realm.ts';

/** @param ports 0: any that is free */
export async function startAll(
  ports: readonly [front: number, agent: number, shop: number, orders: number],
  idpPort = 0,
) {
  const servers = await Promise.all(ports.map(listen));
  const [front, agent, shop, orders] = servers.map(
    (server) => `http://localhost:${(server.address() as AddressInfo).port}`,
  ) as [string, string, string, string];
  const mcpUrl = `${agent}/mcp`;
  const idp = await startDevIdp({ realm: toRealm(front, mcpUrl), host: 'localhost', port: idpPort });
  const realm = { serverUrl: idp.url, realm: idp.realm, credential: { secret: SECRET } };
  const apps: RequestListener[] = [
    buildFront(realm, shop, 'a-secret-of-this-machine-0123456789'),
    getRequestListener(buildAgent(realm, mcpUrl, shop).fetch),
    buildShop(realm, orders),
    buildOrders(realm),
  ];
  for (const [index, app] of apps.entries()) servers[index]?.on('request', app);
  return {
    idp,
    front,
    mcpUrl,
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await idp.close();
    },
  };
}

function listen(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(port, 'localhost', () => resolve(server)));
}
