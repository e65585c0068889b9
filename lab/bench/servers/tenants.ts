// A process with two servers of node:http: one guards one realm, the other as many tenants as requests name.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keycloak } from 'keycloak-guard/node';

const { SERVER_URL: serverUrl = '', HUNG_URL = '' } = process.env;
const common = { clientId: 'shop', tokenCheck: 'local', onNotice: false, logRefusals: false } as const;
const one = keycloak({ ...common, serverUrl, realm: 't0' });
const many = keycloak({
  ...common,
  tenants: ({ header }) => {
    const realm = header('x-tenant') ?? '';
    return { serverUrl: realm.startsWith('hung') ? HUNG_URL : serverUrl, realm: realm.replace('hung-', '') };
  },
});

const listen = (listener: RequestListener): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer(listener);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
const answer: RequestListener = (_request, response) => void response.end('{"hello":"ann"}');
const ports = [
  await listen(one.guard({}, answer as never) as RequestListener),
  await listen(many.guard({}, answer as never) as RequestListener),
];

process.on('message', (asked: string) => {
  if (asked === 'gc') for (let i = 0; i < 4; i++) (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({
    bytes: heapUsed + external,
    rss,
    cpu: user + system,
    tenants: many.verifier.members.length,
  });
});
process.send?.(ports);
