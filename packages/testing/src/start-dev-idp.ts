import { buildApp } from './app.ts';
import { createResourceServers } from './authz/resource-servers.ts';
import { createCodes } from './browser/codes.ts';
import { createConsents } from './browser/consents.ts';
import { createDevices } from './browser/devices.ts';
import { createLogins } from './browser/logins.ts';
import { createPushedRequests } from './browser/pushed-requests.ts';
import { createClientKeys } from './client-auth/client-keys.ts';
import { createUsedTokens } from './client-auth/used-tokens.ts';
import { type Clock, createClock } from './clock.ts';
import type { DevIdp, DevIdpOptions } from './dev-idp.ts';
import { endSession } from './end-session.ts';
import { FEATURES } from './features.ts';
import { ENDPOINTS, type Endpoint } from './http/route.ts';
import { startListener } from './listener.ts';
import { createLockout } from './lockout.ts';
import { createMisbehaviour } from './misbehaviour.ts';
import type { Provider } from './provider.ts';
import { loadRealmFile } from './realm/load-realm-file.ts';
import { addMcpServers } from './realm/mcp-servers.ts';
import { createRealm, type Realm } from './realm/realm.ts';
import { createMetadataDocuments } from './registration/metadata-documents.ts';
import { createSessions } from './sessions.ts';
import { loadState, saveState } from './state-file.ts';
import { createDpopChecker } from './tokens/dpop.ts';
import { signingAlgorithmsOf } from './tokens/key-providers.ts';
import { createKeyRing } from './tokens/keys.ts';
import { mintToken } from './tokens/mint.ts';
import { warningsOf } from './warnings.ts';

/** The guide's realm, which is part of the package. */
const TESTING_REALM = new URL('../testing-realm.json', import.meta.url);

/**
 * Starts an identity provider for development and tests. It behaves as Keycloak 26.7 does: URLs, status codes, error bodies,
 * headers, token claims and session rules. It listens on loopback only and must never guard anything real: its passwords are
 * in a file, and it has no admin API.
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
  const { host = '127.0.0.1', port = 0, publicUrl, stateFile } = options;
  assertOptions(options);
  const file = options.realm ?? (await loadRealmFile(options.realmFile ?? TESTING_REALM));
  const representation = addMcpServers(structuredClone(file), options.mcpServers ?? [], options.features);
  const realm = createRealm(representation, options.features);
  const clock = createClock();
  const stored = stateFile === undefined ? undefined : await loadState(stateFile, realm.name);
  const keys = await createKeyRing(stored?.keys ?? options.keys, signingAlgorithmsOf(representation));
  const sessions = createSessions(realm, clock, stored?.sessions);
  let lockout = createLockout(realm, clock);
  const provider: Provider = {
    realm,
    resourceServers: createResourceServers(realm),
    keys,
    clock,
    sessions,
    codes: createCodes(realm, clock),
    logins: createLogins(realm, clock),
    consents: createConsents(),
    devices: createDevices(realm, clock),
    pushedRequests: createPushedRequests(realm, clock),
    dpop: createDpopChecker(clock),
    clientKeys: createClientKeys(clock),
    usedTokens: createUsedTokens(clock),
    documents: createMetadataDocuments(realm, clock),
    get lockout() {
      return lockout;
    },
  };
  const save = async () => {
    if (stateFile === undefined) return;
    await saveState(stateFile, {
      version: 1,
      realm: realm.name,
      keys: keys.toStored(),
      sessions: sessions.toStored(),
    });
  };

  const requests = Object.fromEntries(ENDPOINTS.map((name) => [name, 0])) as Record<Endpoint, number>;
  const misbehaviour = createMisbehaviour();
  const app = buildApp(provider, {
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
  const url = `http://${host === '::1' ? '[::1]' : host}:${listener.port}`;
  const issuer = `${app.publicUrl ?? url}/realms/${encodeURIComponent(realm.name)}`;

  return {
    url: app.publicUrl ?? url,
    issuer,
    realm: realm.name,
    port: listener.port,
    warnings: warningsOf(representation, realm),
    requests,
    async close() {
      misbehaviour.clear();
      await listener.close();
      await app.close();
      await save();
    },
    goDown: () => listener.close(),
    comeBack: () => listener.open(),
    answerSlowly: (delayMs, endpoint) => misbehaviour.set({ kind: 'slow', delayMs }, endpoint),
    answerWithError: (statusCode = 500, endpoint) =>
      misbehaviour.set({ kind: 'error', statusCode }, endpoint),
    answerGarbage: (endpoint) => misbehaviour.set({ kind: 'garbage' }, endpoint),
    answerNormally: () => misbehaviour.clear(),
    resetRequests() {
      for (const name of ENDPOINTS) requests[name] = 0;
    },
    async issueToken(request = {}) {
      const user = userOf(realm, request.username ?? representation.users?.[0]?.username ?? '');
      const clientId = request.clientId ?? representation.clients?.[0]?.clientId ?? '';
      const client = realm.client(clientId);
      if (client === undefined) throw new TypeError(`there is no client '${clientId}' in the realm`);
      return mintToken(provider, request, user, client, issuer);
    },
    rotateKeys: (how) => keys.rotate(how),
    exportKeys: () => keys.toStored(),
    ...clockControls(clock),
    sessionsOf: (username) => sessions.ofUser(userOf(realm, username).id).map(({ id }) => id),
    async endSession(sessionId) {
      const session = sessions.find(sessionId) ?? sessions.find(sessionId, true);
      if (session === undefined) throw new TypeError('there is no such session');
      await endSession(provider, session, issuer);
    },
    async logoutUser(username) {
      for (const session of sessions.ofUser(userOf(realm, username).id)) {
        await endSession(provider, session, issuer);
      }
    },
    disableUser: (username) => void realm.updateUser(username, { enabled: false }),
    enableUser: (username) => void realm.updateUser(username, { enabled: true }),
    updateUser: (username, change) => void realm.updateUser(username, change),
    updateClient: (clientId, change) => void realm.updateClient(clientId, change),
    updateRealm(change) {
      realm.settings = { ...realm.settings, ...change };
    },
    unlockUsers() {
      lockout = createLockout(realm, clock);
    },
  };
}

const clockControls = (clock: Clock) => ({
  advanceClock: (seconds: number) => clock.advance(seconds),
  now: () => clock.now(),
});

function assertOptions({
  realm,
  realmFile,
  allowProduction,
  features = [],
  host = '127.0.0.1',
}: DevIdpOptions): void {
  const unknown = features.find((name) => !FEATURES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`startDevIdp: "features" knows ${FEATURES.join(' and ')}, not ${String(unknown)}`);
  }

  if (realm !== undefined && realmFile !== undefined) {
    throw new TypeError('startDevIdp: give "realm" or "realmFile", not both');
  }
  if (process.env.NODE_ENV === 'production' && allowProduction !== true) {
    throw new Error(
      'startDevIdp: refused, NODE_ENV is production. Everybody knows the passwords of its realm. ' +
        'If this is a test all the same, set "allowProduction: true"',
    );
  }
  if (!['127.0.0.1', '::1', 'localhost'].includes(host)) {
    throw new TypeError(
      'startDevIdp: "host" must be 127.0.0.1, ::1 or localhost; it is for development only',
    );
  }
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

function userOf(realm: Realm, username: string) {
  const user = realm.userByLogin(username);
  if (user === undefined) throw new TypeError(`there is no user '${username}' in the realm`);
  return user;
}
