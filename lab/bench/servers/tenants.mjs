// A process with two servers of node:http: one guards one realm, the other as many tenants as requests name. Built, as users have it:
// what runs the sources gives each function a name by `defineProperty`, which costs a quarter of a kilobyte.
import { createServer } from 'node:http';
import { keycloak } from 'keycloak-guard/node';

const { SERVER_URL: serverUrl = '', HUNG_URL = '' } = process.env;
const common = { clientId: 'shop', tokenCheck: 'local', onNotice: false, logRefusals: false };
const one = keycloak({ ...common, serverUrl, realm: 't0' });
const many = keycloak({
  ...common,
  tenants: ({ header }) => {
    const realm = header('x-tenant') ?? '';
    return { serverUrl: realm.startsWith('hung') ? HUNG_URL : serverUrl, realm: realm.replace('hung-', '') };
  },
});

const listen = (listener) =>
  new Promise((resolve) => {
    const server = createServer(listener);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
const answer = (_request, response) => void response.end('{"hello":"ann"}');
const ports = [await listen(one.guard({}, answer)), await listen(many.guard({}, answer))];

process.on('message', (asked) => {
  if (asked === 'gc') for (let i = 0; i < 4; i++) globalThis.gc?.();
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
