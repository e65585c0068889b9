import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { createClock } from './clock.ts';
import { assertNames, createControls, createMoods } from './controls/realm-controls.ts';
import { addRemoteControl, assertControlToken } from './controls/remote-control.ts';
import type { DevIdp, DevIdpOptions } from './dev-idp.ts';
import { createMisbehaviour, ENDPOINTS, type Endpoint } from './http/misbehaviour.ts';
import {
  createProvider,
  createRealms,
  loadState,
  type Provider,
  saveState,
  toState,
} from './provider/provider.ts';
import { loadRealmFile } from './realm/load-realm-file.ts';
import { FEATURES } from './realm/realm.ts';
import { addMcpServers } from './registration/mcp-servers.ts';

/** @throws {TypeError} for wrong options @throws {Error} in production */
function assertOptions(options: DevIdpOptions): void {
  const { realm, realmFile, allowProduction, features = [], host = '127.0.0.1' } = options;
  assertNames('startDevIdp', options, NAMES);
  const unknown = features.find((name) => !FEATURES.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`startDevIdp: "features" knows ${FEATURES.join(' and ')}, not ${String(unknown)}`);
  if (realm !== undefined && realmFile !== undefined)
    throw new TypeError('startDevIdp: give "realm" or "realmFile", not both');
  const isProduction = process.env.NODE_ENV === 'production';
  assertControlToken(options.controlToken, isProduction);
  if (isProduction && allowProduction !== true)
    throw new Error(
      'startDevIdp: refused, NODE_ENV is production. Everybody knows the passwords of its realm. ' +
        'If this is a test all the same, set "allowProduction: true"',
    );
  if (!['127.0.0.1', '::1', 'localhost'].includes(host))
    throw new TypeError(
      'startDevIdp: "host" must be 127.0.0.1, ::1 or localhost; it is for development only',
    );
}

const NAMES: Record<keyof DevIdpOptions, true> = {
  ...{ realmFile: true, realm: true, realmTemplate: true, port: true, host: true, publicUrl: true },
  ...{ stateFile: true, keys: true, anyHost: true, mcpServers: true, features: true, listUsers: true },
  ...{ allowProduction: true, controlToken: true },
};

/** Errors of `listen` on a machine without IPv6, which `localhost` then does without. */
const NO_IPV6: readonly unknown[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * An open port. It can be closed, which cuts connections, and opened again with the same number, while the app lives on.
 *
 * @throws the error of `listen`, for example with the code `EADDRINUSE`
 */
async function startListener(app: FastifyInstance, host: string, port: number) {
  await app.ready();
  let servers: Server[] = [];
  let bound = port;
  async function open(): Promise<void> {
    if (servers.length > 0) return;
    try {
      for (const address of host === 'localhost' ? ['127.0.0.1', '::1'] : [host]) {
        const server = createServer(app.routing).listen({ host: address, port: bound });
        await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
          const isOptional = host === 'localhost' && address === '::1';
          if (!isOptional || !NO_IPV6.includes(error.code)) throw error;
        });
        if (!server.listening) continue;
        servers.push(server);
        bound = (server.address() as AddressInfo).port;
      }
    } catch (error) {
      await close();
      throw error;
    }
  }
  async function close(): Promise<void> {
    const closed = servers.map((server) => once(server.close(), 'close'));
    for (const server of servers) server.closeAllConnections();
    servers = [];
    await Promise.all(closed);
  }
  await open();
  return { port: bound, open, close };
}

/** The guide's realm, which is part of the package. */
const TESTING_REALM = new URL('../testing-realm.json', import.meta.url);

/**
 * Starts an identity provider for development and tests. It behaves as Keycloak 26.7 does: URLs, status codes, error bodies,
 * headers, token claims and session rules. It listens on loopback only and must never guard anything real: its passwords are
 * in a file.
 *
 * @throws {TypeError} (rejects with one) for wrong options, or a file that is not a realm
 * @throws {Error} (rejects with one) in production (`NODE_ENV=production`), unless `allowProduction` is set
 * @throws {Error} (rejects with one) if the realm file cannot be read, or the port is taken (code `EADDRINUSE`)
 * @example
 * const idp = await startDevIdp();
 * const token = await idp.issueToken({ username: 'abdullah' });
 * await idp.close();
 */
export async function startDevIdp(options: DevIdpOptions = {}): Promise<DevIdp> {
  const { host = '127.0.0.1', port = 0, publicUrl, stateFile, features = [] } = options;
  assertOptions(options);
  const [first, ...others] = [
    options.realm ?? (await loadRealmFile(options.realmFile ?? TESTING_REALM)),
  ].flat();
  const clock = createClock();
  const stored = stateFile === undefined ? {} : await loadState(stateFile);
  if (options.keys !== undefined && first !== undefined && stored[first.realm] === undefined)
    stored[first.realm] = { keys: options.keys };
  const realms = createRealms(
    first === undefined ? [] : [addMcpServers(first, options.mcpServers ?? [], features), ...others],
    options.realmTemplate,
    (representation) =>
      createProvider(representation, clock, {
        ...{ features, stored: stored[representation.realm], listUsers: options.listUsers },
      }),
  );
  await realms.main.keys.ready();
  const save = async () => {
    if (stateFile !== undefined) await saveState(stateFile, toState(realms.all()));
  };

  const requests = Object.fromEntries(ENDPOINTS.map((name) => [name, 0])) as Record<Endpoint, number>;
  const misbehaviour = createMisbehaviour();
  const app = buildApp(realms, {
    publicUrl: publicUrl?.replace(/\/+$/, ''),
    anyHost: options.anyHost === true,
    misbehaviour,
    onRequest: (endpoint) => {
      requests[endpoint] += 1;
    },
  });
  if (options.controlToken !== undefined) addRemoteControl(app, options.controlToken, () => idp);
  const listener = await startListener(app, host, port);
  // Only now: if the port is taken, no file with private keys is left behind.
  await save().catch(async (error: unknown) => {
    await listener.close();
    throw error;
  });
  const url = app.publicUrl ?? `http://${host === '::1' ? '[::1]' : host}:${listener.port}`;
  const controlsOf = (provider: Provider) =>
    createControls(provider, `${url}/realms/${encodeURIComponent(provider.realm.name)}`);

  const idp: DevIdp = {
    ...controlsOf(realms.main),
    ...createMoods(misbehaviour),
    warnings: [...realms.all()].flatMap((one) => {
      const { warnings, realm } = controlsOf(one);
      return one === realms.main ? warnings : warnings.map((text) => `realm ${realm}: ${text}`);
    }),
    url,
    port: listener.port,
    requests,
    async close() {
      misbehaviour.clear();
      for (const one of realms.all()) one.misbehaviour.clear();
      await listener.close();
      await app.close();
      await save();
    },
    goDown: listener.close,
    comeBack: listener.open,
    resetRequests() {
      for (const name of ENDPOINTS) requests[name] = 0;
    },
    exportKeys: () => realms.main.keys.toStored(),
    advanceClock: (seconds) => clock.advance(seconds),
    now: () => clock.now(),
    inRealm(name) {
      const provider = realms.find(name);
      if (provider === undefined) throw new TypeError(`there is no realm '${name}'`);
      return controlsOf(provider);
    },
    addRealm: (realm) => controlsOf(realms.add(realm)),
    removeRealm: (name) => realms.remove(name),
  };
  return idp;
}
