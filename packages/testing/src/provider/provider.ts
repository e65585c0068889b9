import { createResourceServers } from '../authz/read-settings.ts';
import { createDevices } from '../browser/devices.ts';
import { createCodes, createConsents, createLogins, createPushedRequests } from '../browser/pending.ts';
import { createClientKeys } from '../client-auth/client-keys.ts';
import { createUsedTokens } from '../client-auth/signed-jwt.ts';
import type { Clock } from '../clock.ts';
import { createEventLog } from '../events/event-log.ts';
import { createMisbehaviour } from '../http/misbehaviour.ts';
import { hasOpenPassword } from '../realm/password.ts';
import { createRealm, type Feature } from '../realm/realm.ts';
import type { RealmRepresentation } from '../realm/representation.ts';
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
export interface StoredRealm {
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
    pushedRequests: createPushedRequests(realm, clock),
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
