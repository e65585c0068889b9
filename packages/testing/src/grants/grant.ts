import type { FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import type { Provider } from '../provider/provider.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { User } from '../realm/user.ts';
import type { Session, Sessions } from '../sessions/sessions.ts';
import type { Claims } from '../tokens/issue.ts';
import type { GrantedScopes } from '../tokens/scopes.ts';

/** A request to the token endpoint, with its authenticated client. */
interface GrantRequest {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly form: URLSearchParams;
  readonly client: Client;
  readonly issuer: string;
  /** Thumbprint of the key in the request's DPoP proof, if there is one (RFC 9449 §5). */
  readonly jkt: string | undefined;
}

/** Answers one grant type. @throws {Fault} */
export type GrantHandler = (request: GrantRequest) => Promise<Claims>;

/** @throws {Fault} 400 if an offline token is asked for and the user lacks the role `offline_access` */
export function assertMayGoOffline(realm: Realm, user: User, scopes: GrantedScopes): void {
  if (scopes.offline && !realm.rolesOf(user).realm.has('offline_access'))
    throw new Fault(400, 'not_allowed', 'Offline tokens not allowed for the user or client');
}

/** The offline session of a login: it has the same id, and outlives it. */
export function offlineCopyOf(sessions: Sessions, { id, userId, notes }: Session): Session {
  return sessions.start({ id, userId, notes: { ...notes }, offline: true });
}
