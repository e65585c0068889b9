// A process with two servers of node:http: one guards one realm, the other as many tenants as a directory has. Built, as users have it:
// what runs the sources gives each function a name by `defineProperty`, which costs a quarter of a kilobyte.
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { keycloak } from 'keycloak-guard/node';

const { SERVER_URL: serverUrl = '', HUNG_URL = '' } = process.env;
const common = { serverUrl, clientId: 'shop', tokenCheck: 'local', onNotice: false, logRefusals: false };
const one = keycloak({ ...common, realm: 't0' });
const many = keycloak({
  ...common,
  tenants: {
    of: ({ header }) => header('x-tenant'),
    get: async (name) => {
      // A database that takes a moment.
      await sleep(2);
      if (name.startsWith('made-up')) return undefined;
      return { serverUrl: name.startsWith('hung') ? HUNG_URL : serverUrl, realm: name.replace('hung-', '') };
    },
  },
});

const listen = (listener) =>
  new Promise((resolve) => {
    const server = createServer(listener);
    // A client that pauses between rounds finds its connections open.
    server.keepAliveTimeout = 120_000;
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
const answer = (_request, response) => void response.end('{"hello":"ann"}');
const ports = [await listen(one.guard({}, answer)), await listen(many.guard({}, answer))];

const delay = monitorEventLoopDelay({ resolution: 1 });
process.on('message', (asked) => {
  // The histogram counts its own millisecond, too.
  const delayMs = Math.max(0, delay.percentile(99) / 1e6 - 1);
  if (asked === 'watch') delay.enable();
  else delay.disable();
  delay.reset();
  if (asked === 'gc') for (let i = 0; i < 4; i++) globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({
    bytes: heapUsed + external,
    rss,
    delayMs,
    cpu: user + system,
    tenants: many.verifier.members.length,
  });
});
process.send?.(ports);
