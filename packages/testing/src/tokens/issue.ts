import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { invalidRequest } from '../fault.ts';
import { allowedOrigins, type Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { RoleSet } from '../realm/roles.ts';
import type { User } from '../realm/user.ts';
import {
  accessTokenEnd,
  type ClientSession,
  newPart,
  newSession,
  refreshTokenEnd,
  type Session,
  type Sessions,
} from '../sessions/sessions.ts';
import type { KeyRing, SigningAlgorithm } from './keys.ts';
import { applyMappers, type ClaimTarget } from './mappers.ts';
import { organizationScopeOf, organizationsFor } from './organization-scope.ts';
import { audienceOf, type GrantedScopes, isLightweight, mappersOf } from './scopes.ts';

/** The parts of a realm's state that tokens are made of and checked by. */
export interface TokenState {
  readonly realm: Realm;
  readonly clock: Clock;
  readonly keys: KeyRing;
  readonly sessions: Sessions;
}

/** Everything that decides on the content of tokens. */
export interface Grant {
  readonly issuer: string;
  readonly client: Client;
  readonly user: User;
  /** None for a service account. */
  readonly session?: Session | undefined;
  readonly notes?: Readonly<Record<string, string>>;
  readonly scopes: GrantedScopes;
  /** The grant, as the end of Keycloak's prefix of a token id: `ro`, `rt`, `ac`, `cc`, `te`. */
  readonly grantCode: string;
  readonly nonce?: string | undefined;
  /** Thumbprint of the DPoP key that the tokens are bound to (RFC 9449 §6). */
  readonly jkt?: string | undefined;
  /** The resource that the tokens are for (RFC 8707), which is then the only audience. */
  readonly resource?: string | undefined;
  /** Audiences that a token exchange asks for. Roles of other clients are removed. */
  readonly onlyAudience?: readonly string[] | undefined;
  /** Permissions that the tokens carry (UMA 2.0 Grant §3.3.5). */
  readonly authorization?: unknown;
  /** The client uses another one's session without a part in it, as after a token exchange. */
  readonly isGuest?: boolean;
}

export type Claims = Record<string, unknown>;

/** Adds the claims of the mappers of the client and of its scopes. */
export function addClaims(
  target: ClaimTarget,
  claims: Claims,
  { realm }: Pick<TokenState, 'realm'>,
  { client, user, session, notes, scopes }: Pick<Grant, 'client' | 'user' | 'session' | 'notes' | 'scopes'>,
): void {
  const names = scopes.scopes.map(({ name }) => name);
  const chosen = session?.clients[client.clientId]?.organization;
  applyMappers(target, claims, mappersOf(client, scopes), {
    realm,
    client,
    user,
    notes: { ...session?.notes, ...notes },
    roles: realm.rolesInScope(user, client),
    allowedOrigins: allowedOrigins(client),
    organizations: names.some((one) => organizationScopeOf(realm, one) !== undefined)
      ? organizationsFor(realm, names, user, chosen)
      : undefined,
  });
}

export function accessTokenClaims(provider: TokenState, grant: Grant): Claims {
  const { client, session, scopes } = grant;
  const lightweight = isLightweight(client);
  const claims: Claims = {
    exp: tokenEnd(provider, grant),
    iat: provider.clock.seconds(),
    jti: `${tokenIdPrefix(grant, lightweight)}:${randomUUID()}`,
    iss: grant.issuer,
  };
  addClaims(lightweight ? 'lightweight' : 'access', claims, provider, grant);
  claims.typ = grant.jkt === undefined ? 'Bearer' : 'DPoP';
  claims.azp = client.clientId;
  if (session !== undefined) claims.sid = session.id;
  claims.scope = scopes.text;
  if (grant.jkt !== undefined) claims.cnf = { jkt: grant.jkt, 'kc-jkt-type': 'DPoP' };
  if (grant.authorization !== undefined) claims.authorization = grant.authorization;
  narrowAudience(claims, grant.onlyAudience);
  if (grant.resource !== undefined) claims.aud = audienceOf(provider.realm, grant.resource, claims.aud);
  return claims;
}

/** @throws {Fault} 400 `invalid_request` for an audience that the token would not have */
function narrowAudience(claims: Claims, only: readonly string[] | undefined): void {
  const audience = [claims.aud ?? []].flat() as string[];
  const missing = only?.find((id) => !audience.includes(id));
  if (missing !== undefined) throw invalidRequest(`Requested audience not available: ${missing}`);
  const kept = only === undefined ? audience : audience.filter((id) => only.includes(id));
  if (kept.length === 0) delete claims.aud;
  else claims.aud = kept.length === 1 ? kept[0] : kept;
  if (only === undefined || typeof claims.resource_access !== 'object') return;
  const roles = Object.entries(claims.resource_access as object).filter(([id]) => only.includes(id));
  claims.resource_access = Object.fromEntries(roles);
}

/** @param exp expiry of the access token */
export function idTokenClaims(
  provider: TokenState,
  grant: Grant,
  accessToken: string,
  exp: unknown = tokenEnd(provider, grant),
): Claims {
  const { client, session } = grant;
  const claims: Claims = {
    exp,
    iat: provider.clock.seconds(),
    jti: randomUUID(),
    iss: grant.issuer,
    sub: grant.user.id,
  };
  addClaims('id', claims, provider, grant);
  claims.aud = client.clientId;
  claims.typ = 'ID';
  claims.azp = client.clientId;
  if (grant.nonce !== undefined) claims.nonce = grant.nonce;
  if (session !== undefined) claims.sid = session.id;
  // OpenID Connect Core §3.1.3.6: the left half of the hash, SHA-256 for RS256 and ES256.
  claims.at_hash = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
  return claims;
}

export function refreshTokenClaims(provider: TokenState, grant: Grant, session: Session): Claims {
  const { clock, realm } = provider;
  const exp = refreshTokenEnd(realm.settings, grant.client, session, partFor(provider, grant, session));
  return {
    ...(exp === undefined ? {} : { exp }),
    iat: clock.seconds(),
    jti: randomUUID(),
    iss: grant.issuer,
    aud: grant.issuer,
    sub: grant.user.id,
    typ: session.offline ? 'Offline' : 'Refresh',
    azp: grant.client.clientId,
    sid: session.id,
    scope: grant.scopes.names.join(' '),
    ...(grant.authorization === undefined ? {} : { authorization: grant.authorization }),
    ...(grant.jkt !== undefined && grant.client.isPublic ? { cnf: { jkt: grant.jkt } } : {}),
    ...(grant.resource === undefined ? {} : { resource: grant.resource }),
  };
}

/** The answer of the token endpoint. */
export async function issueTokens(
  { provider, issuer, client, jkt }: Pick<Grant, 'issuer' | 'client' | 'jkt'> & { provider: TokenState },
  about: Omit<Grant, 'issuer' | 'client' | 'jkt'>,
): Promise<Claims> {
  const grant: Grant = { issuer, client, jkt, ...about };
  const { session, scopes } = grant;
  const access = accessTokenClaims(provider, grant);
  const refresh =
    session === undefined || grant.isGuest ? undefined : refreshTokenClaims(provider, grant, session);
  const answer = await answerWith(provider, client, access, refresh);
  if (scopes.openid) {
    const id = idTokenClaims(provider, grant, String(answer.access_token), access.exp);
    answer.id_token = await provider.keys.sign(id, algorithmOf(provider, client, 'id'));
  }
  if (session !== undefined) answer.session_state = session.id;
  answer.scope = scopes.text;
  return answer;
}

/** The signed tokens, for a client that gets them. */
export async function answerWith(
  provider: TokenState,
  client: Client,
  access: Claims,
  refresh: Claims | undefined,
): Promise<Claims> {
  const { keys, realm, clock } = provider;
  const answer: Claims = {
    access_token: await keys.sign(access, algorithmOf(provider, client, 'access')),
    expires_in: (access.exp as number) - clock.seconds(),
    refresh_expires_in: 0,
    token_type: access.typ,
    'not-before-policy': Math.max(realm.settings.notBefore ?? 0, client.notBefore),
  };
  if (refresh === undefined || client.attributes['use.refresh.tokens'] === 'false') return answer;
  answer.refresh_token = await keys.signInternal(refresh);
  if (refresh.exp !== undefined) answer.refresh_expires_in = (refresh.exp as number) - clock.seconds();
  return answer;
}

export function algorithmOf({ realm }: TokenState, client: Client, token: 'access' | 'id'): SigningAlgorithm {
  const configured =
    client.attributes[`${token}.token.signed.response.alg`] || realm.settings.defaultSignatureAlgorithm;
  return configured === 'ES256' ? 'ES256' : 'RS256';
}

/** A service account has no session: its token expires as if one began now. */
function tokenEnd(provider: TokenState, grant: Grant): number {
  const { clock, realm } = provider;
  const { client, user, session = newSession({ userId: user.id }, clock) } = grant;
  const part = partFor(provider, grant, session);
  return accessTokenEnd(realm.settings, client, session, part, clock.seconds());
}

/** The client's part of the session. A guest has none: its tokens expire as if one began now. */
const partFor = (
  { sessions, clock }: TokenState,
  { client, isGuest }: Grant,
  session: Session,
): ClientSession => (isGuest ? newPart(client, clock) : sessions.join(session, client));

/** As in Keycloak: which session the token lives in, which kind it is, and by which grant it was issued. */
function tokenIdPrefix({ session, grantCode, isGuest }: Grant, lightweight: boolean): string {
  const kind = session?.offline ? (isGuest ? 'ft' : 'of') : isGuest ? 'nt' : 'on';
  return `${session === undefined ? 'tr' : kind}${lightweight ? 'lt' : 'rt'}${grantCode}`;
}

export interface GoodToken {
  readonly claims: Claims;
  readonly client: Client;
  readonly user: User;
  readonly session?: Session;
}

/** A valid token, or why it is not valid. */
type TokenReading = GoodToken | { readonly problem: string };

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
