// Starts an example with a provider for it, and says what to try: npm run example -- express
import { serve } from '@hono/node-server';
import { type DevIdpOptions, startDevIdp } from '@keycloak-guard/testing';
import { endWithNpm } from '../../packages/cli/src/dev/child-process.ts';
import { announceProvider, DEV_CLIENT, DEV_USER } from '../../packages/cli/src/dev/running-provider.ts';

const port = Number(process.env.PORT ?? 3000);
const idpPort = Number(process.env.IDP_PORT ?? 8080);
const url = `http://localhost:${port}`;
const secret = 'for-development-only-for-development-only';

const startProvider = (more: DevIdpOptions = {}) =>
  startDevIdp({ host: 'localhost', port: idpPort, ...more });

/** Options of an app in the realm `testing` of a provider that is started for it, where `npm run -s token` finds it. */
async function testing() {
  const idp = await startProvider();
  idp.updateClient(DEV_CLIENT.clientId, { redirectUris: [`${url}/*`] });
  await announceProvider(idp);
  return { serverUrl: idp.url, realm: idp.realm, ...DEV_CLIENT };
}
const withSession = async () => ({ ...(await testing()), session: { secret, publicUrl: url } });

/** Gets in by `npm run -s token`, and calls each path with that token. */
const asAbdullah = (...calls: readonly string[]) => [
  'TOKEN=$(npm run -s token)',
  ...calls.map((call) => `curl -H "Authorization: Bearer $TOKEN" ${url}${call}`),
];

interface Example {
  start(): Promise<unknown>;
  /** Commands for another terminal. */
  readonly commands: readonly string[];
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  express: {
    start: async () =>
      (await import('../../examples/express/app.ts')).buildApp(await testing(), secret).listen(port),
    commands: [
      `curl ${url}/orders`,
      ...asAbdullah(`/orders -H 'Content-Type: application/json' -d '{"item":"tea"}'`, '/all'),
    ],
  },
  fastify: {
    async start() {
      const { buildApp } = await import('../../examples/fastify/app.ts');
      await (await buildApp(await testing(), secret)).listen({ port });
    },
    commands: asAbdullah('/loans/emma -X PUT', '/loans', '/loans/emma -X DELETE'),
  },
  hono: {
    start: async () =>
      serve({ ...(await import('../../examples/hono/app.ts')).buildApp(await withSession()), port }),
    commands: asAbdullah(`/api/orders -d '{"what":"tea"}'`, '/api/all-orders'),
  },
  koa: {
    start: async () =>
      (await import('../../examples/koa/app.ts')).buildApp(await testing(), secret).listen(port),
    commands: asAbdullah(`/notes -d 'buy tea'`, '/count'),
  },
  hapi: {
    start: async () =>
      (await (await import('../../examples/hapi/app.ts')).buildApp(await withSession(), port)).start(),
    commands: asAbdullah(`/notes -d 'buy tea'`, '/count'),
  },
  node: {
    start: async () =>
      (await import('../../examples/node/app.ts')).buildServer(await testing(), secret).listen(port),
    commands: [`curl ${url}/profile`, ...asAbdullah('/profile', '/restart -X POST')],
  },
  fetch: {
    async start() {
      const { fetch } = (await import('../../examples/fetch/app.ts')).buildApp(await withSession());
      serve({ fetch, port });
    },
    commands: [
      ...asAbdullah(`/links -d 'https://www.keycloak.org/docs'`),
      `curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' ${url}/1`,
    ],
  },
  mcp: {
    async start() {
      const mcp = { url: `${url}/mcp`, allowedOrigins: ['http://localhost:6274'] };
      const idp = await startProvider({
        mcpServers: [{ url: mcp.url, scopes: ['notes:read', 'notes:write'] }],
      });
      const { buildApp } = await import('../../examples/mcp/app.ts');
      buildApp({ ...DEV_CLIENT, serverUrl: idp.url, realm: idp.realm, clientId: mcp.url }, mcp).listen(port);
    },
    commands: [
      `curl -s -D - -o /dev/null -X POST ${url}/mcp | grep -i auth`,
      `curl ${url}/.well-known/oauth-protected-resource/mcp`,
    ],
  },
  calling: {
    async start() {
      const { startAll } = await import('../../examples/calling/start.ts');
      // The services behind the front end are at ports that are free.
      const { mcpUrl } = await startAll([port, 0, 0, 0], idpPort);
      console.log(`The MCP server is at ${mcpUrl}.`);
    },
    commands: [],
  },
};

const [name = ''] = process.argv.slice(2);
const example = EXAMPLES[name];
if (example === undefined) {
  console.error(`npm run example -- NAME, of ${Object.keys(EXAMPLES).join(', ')}`);
  process.exit(2);
}
endWithNpm();
// Also of the server of an application, which says so by an event.
process.on('uncaughtException', (error: NodeJS.ErrnoException & { readonly port?: number }) => {
  const isTaken = error.code === 'EADDRINUSE';
  console.error(
    isTaken ? `Port ${error.port} is taken. End what runs there, or set PORT and IDP_PORT to others.` : error,
  );
  process.exit(1);
});
await example.start();
console.log(
  `${name} is at ${url}. Sign in as ${name === 'calling' ? 'anna' : DEV_USER.username} / ${DEV_USER.password}`,
);
for (const command of example.commands) console.log(`  ${command}`);
