import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createResourceServers } from '../authz/read-settings.ts';
import { createDevices } from '../browser/devices.ts';
import { createCodes, createConsents, createLogins } from '../browser/pending.ts';
import { createUsedTokens } from '../client-auth/assertions.ts';
import { createClientKeys } from '../client-auth/client-keys.ts';
import type { Clock } from '../clock.ts';
import type { RealmTemplate } from '../dev-idp.ts';
import { createEventLog } from '../events/event-log.ts';
import { createMisbehaviour } from '../http/misbehaviour.ts';
import { hasOpenPassword } from '../realm/password.ts';
import { createRealm, type Feature } from '../realm/realm.ts';
import type { RealmRepresentation } from '../realm/representation.ts';
import { defaultRoleOf } from '../realm/roles.ts';
import { createMetadataDocuments } from '../registration/metadata-documents.ts';
import { createLockout } from '../sessions/lockout.ts';
import { createSessions, type StoredSessions } from '../sessions/sessions.ts';
import { createDpopChecker } from '../tokens/dpop.ts';
import { createKeyRing, type StoredKeys, signingAlgorithmsOf } from '../tokens/keys.ts';

/** The registration of a client: its token, and when it was. Unit: seconds since 1970. */
export interface Registered {
  readonly token: string;
  readonly issuedAt: number;
}

/** Keys and sessions of a realm, stored so that a restart signs nobody out. */
interface StoredRealm {
  readonly keys?: StoredKeys;
  readonly sessions?: StoredSessions;
}

interface ProviderOptions {
  readonly features?: readonly Feature[];
  readonly stored?: StoredRealm | undefined;
  /** Whether users whose passwords everybody can read may sign in by a click. */
  readonly listUsers?: boolean | undefined;
}

/** The state of a realm, which endpoints share. */
export type Provider = ReturnType<typeof createProvider>;

/** The keys of a realm are made with the first request that needs them, so that a thousand realms cost little. */
export function createProvider(
  representation: RealmRepresentation,
  clock: Clock,
  { features = [], stored = {}, listUsers = true }: ProviderOptions = {},
) {
  const realm = createRealm(representation, features);
  return {
    realm,
    clock,
    resourceServers: createResourceServers(realm),
    keys: createKeyRing(stored.keys, signingAlgorithmsOf(representation)),
    sessions: createSessions(realm, clock, stored.sessions),
    lockout: createLockout(realm, clock),
    codes: createCodes(realm, clock),
    logins: createLogins(realm, clock),
    consents: createConsents(),
    devices: createDevices(realm, clock),
    dpop: createDpopChecker(clock),
    /** Keys of clients and identity providers that sign assertions. */
    clientKeys: createClientKeys(clock),
    usedTokens: createUsedTokens(clock),
    documents: createMetadataDocuments(realm, clock),
    /** Clients that registered themselves, by id. */
    registered: new Map<string, Registered>(),
    misbehaviour: createMisbehaviour(),
    events: createEventLog(realm, clock),
    /** Users who may sign in without a password, because everybody can read it in the realm file. */
    openUsers: () =>
      listUsers
        ? [...realm.users()].filter(
            ({ enabled, representation }) => enabled && hasOpenPassword(representation),
          )
        : [],
  };
}

export type Realms = ReturnType<typeof createRealms>;

/** Names that Keycloak allows, and that need no care in a URL. */
const NAME = /^[\w.~-]{1,255}$/;

/** The realms by their names. */
export function createRealms(
  representations: readonly RealmRepresentation[],
  template: RealmTemplate | undefined,
  create: (representation: RealmRepresentation) => Provider,
) {
  const byName = new Map<string, Provider>();
  const realms = {
    /** Finds a realm, or makes it from the template. */
    find(name: string): Provider | undefined {
      const known = byName.get(name);
      if (known !== undefined || template === undefined || !NAME.test(name)) return known;
      const made = typeof template === 'function' ? template(name) : copyOf(template, name);
      return made === undefined ? undefined : realms.add({ ...made, realm: name });
    },
    /** @throws {TypeError} if the name is taken, or it is not a realm */
    add(representation: RealmRepresentation): Provider {
      const provider = create(structuredClone(representation));
      const { name } = provider.realm;
      if (byName.has(name)) throw new TypeError(`there are two realms '${name}'`);
      byName.set(name, provider);
      return provider;
    },
    remove(name: string): void {
      const provider = byName.get(name);
      if (provider === undefined) throw new TypeError(`there is no realm '${name}'`);
      provider.misbehaviour.clear();
      byName.delete(name);
    },
    all: () => byName.values(),
  };
  const [main] = representations.map(realms.add);
  if (main === undefined) throw new TypeError('the realm file has no realm');
  return { ...realms, /** The first one of the realm file. */ main };
}

/** The template under another name. Its ids go: two realms have not one user. */
function copyOf(template: RealmRepresentation, name: string): RealmRepresentation {
  const text = JSON.stringify(template, (key, value) => (key === 'id' ? undefined : value));
  const [before, after] = [template.realm, name].map((one) => `"${defaultRoleOf(one)}"`);
  return { ...JSON.parse(text.replaceAll(before ?? '', after ?? '')), realm: name };
}

interface StoredState {
  readonly version: 2;
  readonly realms: Record<string, StoredRealm>;
}

/** The stored state of the realms by name. None, if there is no file that can be read. */
export async function loadState(file: string): Promise<Record<string, StoredRealm>> {
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as StoredState;
    return state.version === 2 ? { ...state.realms } : {};
  } catch {
    return {};
  }
}

/** The state of the realms. Only those that are in use: the others have no keys yet. */
export function toState(realms: Iterable<Provider>): StoredState {
  const used = [...realms].filter(({ keys }) => keys.isReady());
  const entries = used.map(({ realm, keys, sessions }) => [
    realm.name,
    { keys: keys.toStored(), sessions: sessions.toStored() },
  ]);
  return { version: 2, realms: Object.fromEntries(entries) };
}

/** Writes the file completely or not at all. Only its owner may read it, because it holds private keys. */
export async function saveState(file: string, state: StoredState): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // An unpredictable name, so that nobody can have put a link there.
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, JSON.stringify(state), { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
