import type { ResourceServers } from './authz/resource-servers.ts';
import type { Codes } from './browser/codes.ts';
import type { Consents } from './browser/consents.ts';
import type { Devices } from './browser/devices.ts';
import type { Logins } from './browser/logins.ts';
import type { PushedRequests } from './browser/pushed-requests.ts';
import type { ClientKeys } from './client-auth/client-keys.ts';
import type { UsedTokens } from './client-auth/used-tokens.ts';
import type { Clock } from './clock.ts';
import type { EventLog } from './events/event-log.ts';
import type { Lockout } from './lockout.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import type { Realm } from './realm/realm.ts';
import type { User } from './realm/user.ts';
import type { MetadataDocuments } from './registration/metadata-documents.ts';
import type { Sessions } from './sessions.ts';
import type { DpopChecker } from './tokens/dpop.ts';
import type { KeyRing } from './tokens/keys.ts';

/** The registration of a client: its token, and when it was. Unit: seconds since 1970. */
export interface Registered {
  readonly token: string;
  readonly issuedAt: number;
}

/** The state of a realm, which endpoints share. */
export interface Provider {
  readonly realm: Realm;
  readonly resourceServers: ResourceServers;
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly lockout: Lockout;
  readonly codes: Codes;
  readonly logins: Logins;
  readonly consents: Consents;
  readonly devices: Devices;
  readonly pushedRequests: PushedRequests;
  readonly dpop: DpopChecker;
  /** Keys of clients and identity providers that sign assertions. */
  readonly clientKeys: ClientKeys;
  readonly usedTokens: UsedTokens;
  readonly documents: MetadataDocuments;
  /** Clients that registered themselves, by id. */
  readonly registered: Map<string, Registered>;
  readonly misbehaviour: Misbehaviour;
  readonly events: EventLog;
  /** Users who may sign in without a password, because everybody can read it in the realm file. */
  openUsers(): User[];
}
