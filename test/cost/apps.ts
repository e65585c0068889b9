import { createServer } from 'node:http';
import { buildApp, loadConfig } from '../../packages/server/src/index.ts';
import { ADAPTER_NAMES, ADAPTERS } from '../adapters/all.ts';
import { listen } from '../adapters/listen.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';
import { MCP, URL_OF_SERVER } from '../contract/mcp/mcp-adapter.ts';
import { MCP_APPS } from '../mcp/mcp-apps.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { createWorld } from '../tenants/world.ts';
import { startBare } from './bare-apps.ts';
import { createShapes, GUARDED, SECRET, type Shape } from './shapes.ts';

/** An application that is sent hostile requests. */
export interface Subject {
  readonly name: string;
  start(): Promise<Started>;
}

export interface Started extends RunningApp {
  readonly shapes: readonly Shape[];
  readonly guarded: string;
  /** Of an app of the framework alone. */
  readonly bareUrl: string | undefined;
}

const own = createTestKey('ES256');

/** A realm in memory, and what people can send to applications of it. */
function createTarget(kind: Shape['on'], givenUrl?: string) {
  const realm = createTestRealm({ ...(givenUrl !== undefined && { serverUrl: givenUrl }) });
  Object.assign(realm.discovery, {
    authorization_endpoint: `${realm.issuer}/protocol/openid-connect/auth`,
    end_session_endpoint: `${realm.issuer}/protocol/openid-connect/logout`,
  });
  const { serverUrl, realm: name, clientId, clientSecret, fetch } = realm;
  return {
    realm,
    shapes: createShapes(realm, own).filter(({ on }) => on === undefined || on === kind),
    keycloak: { serverUrl, realm: name, clientId, clientSecret, fetch, onNotice: false } as const,
  };
}

const ofAdapters: readonly Subject[] = ADAPTER_NAMES.map((adapter) => ({
  name: adapter,
  async start() {
    const { shapes, keycloak } = createTarget('adapters');
    const app = await (await ADAPTERS[adapter]()).start({
      keycloak: { ...keycloak, dpop: 'accepted' },
      session: { secret: SECRET },
      logRefusals: false,
    });
    const bare = await startBare(adapter);
    const close = async () => void (await Promise.all([app.close(), bare?.close()]));
    return { url: app.url, shapes, guarded: GUARDED, bareUrl: bare?.url, close };
  },
}));

/** Tenants by the issuer of a token, which is read before it is known whether anything of it is true. */
const ofTenants: Subject = {
  name: 'express 5, tenants by issuer',
  async start() {
    const { acme, given } = createWorld();
    const shapes = createShapes(acme.realm, own).filter(({ name }) => /token/i.test(name));
    const app = await (await ADAPTERS['express 5']()).start(given('issuer'));
    return { ...app, shapes, guarded: GUARDED, bareUrl: undefined };
  },
};

/** One of each kind: middleware, plugins, Fetch. */
const WITH_MCP = ['express 5', 'fastify', 'fetch'];
const ofMcp: readonly Subject[] = MCP_APPS.filter(({ name }) => WITH_MCP.includes(name)).map((adapter) => ({
  name: `${adapter.name}, an MCP server`,
  async start() {
    const { shapes, keycloak } = createTarget('adapters');
    const app = await adapter.start({
      keycloak: { ...keycloak, publicUrl: new URL(URL_OF_SERVER).origin },
      mcp: MCP,
      onDenied() {},
      parsesBodies: false,
    });
    const toMcp = ({ sent, ...shape }: Shape): Shape => ({
      ...shape,
      sent: { ...sent, target: (sent.target ?? GUARDED).replace(GUARDED, '/mcp') },
    });
    const ofMessages = shapes.filter(({ name }) =>
      /^(path|query|token|Authorization|host|Accept)/.test(name),
    );
    const bare = await startBare(adapter.name);
    const close = async () => void (await Promise.all([app.close(), bare?.close()]));
    return { url: app.url, shapes: ofMessages.map(toMcp), guarded: '/mcp', bareUrl: bare?.url, close };
  },
}));

const service: Subject = {
  name: 'the service',
  async start() {
    // It reaches its realm by HTTP, as always.
    const provider = await listen(
      createServer(async ({ url = '', method = '' }, response) => {
        const answer = await target.realm.fetch(`${provider.url}${url}`, { method }).catch(() => undefined);
        response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' });
        response.end(await answer?.text());
      }),
      async () => {},
    );
    const target = createTarget('service', provider.url);
    const { serverUrl, realm, clientId, clientSecret } = target.keycloak;
    const config = loadConfig({
      cwd: '/nonexistent',
      env: {
        ...{ KEYCLOAK_SERVER_URL: serverUrl, KEYCLOAK_REALM: realm, KEYCLOAK_CLIENT_ID: clientId },
        ...{
          KEYCLOAK_CLIENT_SECRET: clientSecret,
          SESSION_SECRET: SECRET,
          DPOP: 'accepted',
        },
        ...{ PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'silent' },
        // The price of what is let in, not of what the limits refuse.
        ...{ LOGINS_PER_MINUTE_AND_ADDRESS: '0', LOGINS_PER_MINUTE_AND_USER: '0' },
      },
    });
    const app = await buildApp(config, {});
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const bare = await startBare('the service');
    const close = async () => void (await Promise.all([app.close(), provider.close(), bare?.close()]));
    const toService = ({ sent, ...shape }: Shape): Shape => ({
      ...shape,
      sent: { ...sent, target: (sent.target ?? GUARDED).replace(GUARDED, '/protected') },
    });
    return { url, shapes: target.shapes.map(toService), guarded: '/protected', bareUrl: bare?.url, close };
  },
};

export const SUBJECTS: readonly Subject[] = [...ofAdapters, ofTenants, ...ofMcp, service];
