import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { RoleSet } from '../realm/roles.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../sessions/sessions.ts';
import type { Claims, TokenState } from './issue.ts';
import { isLightweight } from './scopes.ts';

export interface GoodToken {
  readonly claims: Claims;
  readonly client: Client;
  readonly user: User;
  readonly session?: Session;
}

/** A valid token, or why it is not valid. */
export type TokenReading = GoodToken | { readonly problem: string };

const FAILED = 'Token verification failed';

/** Verifies a token of one of the given types, and checks its client, session and user. */
export async function readToken(
  { keys, clock, sessions, realm }: TokenState,
  token: string,
  issuer: string,
  types: readonly string[],
  verify = keys.verify,
): Promise<TokenReading> {
  const claims = await verify(token);
  if (claims === undefined || claims.iss !== issuer || !types.includes(String(claims.typ)))
    return { problem: FAILED };
  const { exp, nbf, iat } = claims as { exp?: number; nbf?: number; iat?: number };
  const now = clock.seconds();
  const expired = exp === undefined ? claims.typ !== 'Offline' : exp <= now;
  if (expired || (nbf ?? 0) > now || sessions.isRevoked(String(claims.jti))) return { problem: FAILED };
  const client = realm.client(String(claims.azp));
  if (client === undefined) return { problem: 'Client not found' };
  if (!client.enabled) return { problem: 'Client disabled' };
  const holder = holderOf({ sessions, realm }, claims, client);
  if ('problem' in holder) return holder;
  const notBefore = Math.max(realm.settings.notBefore ?? 0, client.notBefore, holder.user.notBefore);
  if ((iat ?? 0) < notBefore) return { problem: FAILED };
  return { claims, client, ...holder };
}

function holderOf(
  { sessions, realm }: Pick<TokenState, 'sessions' | 'realm'>,
  claims: Claims,
  client: Client,
): { user: User; session?: Session } | { problem: string } {
  const sid = claims.sid === undefined ? undefined : String(claims.sid);
  if (sid === undefined) return accountOf(realm, claims, client);
  // The id's first letters say where the token lives: online or offline, `t` without a part in the session (token exchange).
  const kind = String(claims.jti).slice(0, 2);
  const session = sessions.find(sid, kind === 'of' || kind === 'ft' || claims.typ === 'Offline');
  const user = session && realm.userById(session.userId);
  const isGuest = kind === 'nt' || kind === 'ft';
  if (session === undefined || user === undefined) return { problem: 'user_session_not_found' };
  if (!isGuest && sessions.partOf(session, client) === undefined)
    return { problem: 'user_session_not_found' };
  if (claims.sub !== undefined && claims.sub !== user.id) return { problem: FAILED };
  return user.enabled ? { user, session } : { problem: 'User disabled' };
}

/** The service account of a token without a session: the client's own, or that of the client whose token it exchanged. */
function accountOf(realm: Realm, { sub }: Claims, client: Client): { user: User } | { problem: string } {
  const own = client.serviceAccounts ? realm.serviceAccountOf(client) : undefined;
  const user = sub === undefined || sub === own?.id ? own : realm.userById(String(sub));
  const owner = realm.client(user?.representation.serviceAccountClientId ?? '');
  if (user === undefined || !owner?.serviceAccounts) return { problem: 'user_not_found' };
  return user.enabled ? { user } : { problem: 'user_disabled' };
}

/** The roles in a token. A lightweight one has none, and counts as if it had all that it could. */
export function rolesOfToken(realm: Realm, { claims, client, user }: GoodToken): RoleSet {
  if (isLightweight(client)) return realm.rolesInScope(user, client);
  const namesOf = (access: unknown) =>
    new Set([(access as { roles?: string[] } | undefined)?.roles ?? []].flat());
  const clients = Object.entries((claims.resource_access ?? {}) as object);
  return {
    realm: namesOf(claims.realm_access),
    client: new Map(clients.map(([clientId, access]) => [clientId, namesOf(access)])),
  };
}
