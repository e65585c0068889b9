import { buildApp } from './app.ts';
import { createClock } from './clock.ts';
import type { DevIdp, DevIdpOptions } from './dev-idp.ts';
import { assertOptions } from './dev-idp-options.ts';
import { ENDPOINTS, type Endpoint } from './http/endpoints.ts';
import { startListener } from './listener.ts';
import { createMisbehaviour } from './misbehaviour.ts';
import { createProvider, type Provider } from './provider.ts';
import { loadRealmFile } from './realm/load-realm-file.ts';
import { addMcpServers } from './realm/mcp-servers.ts';
import { createControls, createMoods } from './realm-controls.ts';
import { createRealms } from './realms.ts';
import { loadState, saveState, toState } from './state-file.ts';

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
  if (options.keys !== undefined && first !== undefined && stored[first.realm] === undefined) {
    stored[first.realm] = { keys: options.keys };
  }
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
  const listener = await listen(app, host, port);
  // Only now: if the port is taken, no file with private keys is left behind.
  await save().catch(async (error: unknown) => {
    await listener.close();
    throw error;
  });
  const url = app.publicUrl ?? `http://${host === '::1' ? '[::1]' : host}:${listener.port}`;
  const controlsOf = (provider: Provider) =>
    createControls(provider, `${url}/realms/${encodeURIComponent(provider.realm.name)}`);

  return {
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
    goDown: () => listener.close(),
    comeBack: () => listener.open(),
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
}

/** On `localhost`, IPv6 is optional: some machines do not have it. */
async function listen(app: ReturnType<typeof buildApp>, host: string, port: number) {
  if (host !== 'localhost') return startListener(app, [host], port);
  try {
    return await startListener(app, ['127.0.0.1', '::1'], port);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
    return startListener(app, ['127.0.0.1'], port);
  }
}
