import { Fault } from '../fault.ts';
import type { Realm } from '../realm/realm.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../session.ts';
import type { Sessions } from '../sessions.ts';
import type { GrantedScopes } from '../tokens/scopes.ts';

/** @throws {Fault} 400 if an offline token is asked for and the user lacks the role `offline_access` */
export function assertMayGoOffline(realm: Realm, user: User, scopes: GrantedScopes): void {
  if (scopes.offline && !realm.rolesOf(user).realm.has('offline_access')) {
    throw new Fault(400, 'not_allowed', 'Offline tokens not allowed for the user or client');
  }
}

/** The offline session of a login: it has the same id, and outlives it. */
export function offlineCopyOf(sessions: Sessions, { id, userId, notes }: Session): Session {
  return sessions.start({ id, userId, notes: { ...notes }, offline: true });
}
