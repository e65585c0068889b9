import { createResourceServers } from './authz/resource-servers.ts';
import { createCodes } from './browser/codes.ts';
import { createConsents } from './browser/consents.ts';
import { createDevices } from './browser/devices.ts';
import { createLogins } from './browser/logins.ts';
import { createPushedRequests } from './browser/pushed-requests.ts';
import { createClientKeys } from './client-auth/client-keys.ts';
import { createUsedTokens } from './client-auth/used-tokens.ts';
import type { Clock } from './clock.ts';
import { createEventLog } from './events/event-log.ts';
import type { Feature } from './features.ts';
import { createLockout } from './lockout.ts';
import { createMisbehaviour } from './misbehaviour.ts';
import type { Provider } from './provider.ts';
import { hasOpenPassword } from './realm/password.ts';
import { createRealm } from './realm/realm.ts';
import type { RealmRepresentation } from './realm/representation.ts';
import { createMetadataDocuments } from './registration/metadata-documents.ts';
import { createSessions } from './sessions.ts';
import type { StoredRealm } from './state-file.ts';
import { createDpopChecker } from './tokens/dpop.ts';
import { signingAlgorithmsOf } from './tokens/key-providers.ts';
import { createKeyRing } from './tokens/keys.ts';

interface ProviderOptions {
  readonly features?: readonly Feature[];
  readonly stored?: StoredRealm | undefined;
  /** Whether users whose passwords everybody can read may sign in by a click. */
  readonly listUsers?: boolean | undefined;
}

/** The state of one realm. Its keys are made with the first request that needs them, so that a thousand realms cost little. */
export function createProvider(
  representation: RealmRepresentation,
  clock: Clock,
  { features = [], stored = {}, listUsers = true }: ProviderOptions = {},
): Provider {
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
    clientKeys: createClientKeys(clock),
    usedTokens: createUsedTokens(clock),
    documents: createMetadataDocuments(realm, clock),
    registered: new Map(),
    misbehaviour: createMisbehaviour(),
    events: createEventLog(realm, clock),
    openUsers: () =>
      listUsers
        ? [...realm.users()].filter(
            ({ enabled, representation }) => enabled && hasOpenPassword(representation),
          )
        : [],
  };
}
