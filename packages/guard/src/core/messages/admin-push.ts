import { AuthError, isAuthError } from '../http/errors.ts';
import { verifySignedJwt } from '../jwt/signed-jwt.ts';
import type { Revocation } from '../revocation/revocation-log.ts';
import { LONGEST_ID, type Revoker } from './logout-token.ts';

/** A push of Keycloak to a client's admin URL. */
export type AdminAction = 'PUSH_NOT_BEFORE' | 'LOGOUT';

type Claims = Readonly<Record<string, unknown>>;

const EVERY_PUSH = ['id', 'expiration', 'resource', 'action', 'notBefore'];
/** The claims of a push from Keycloak 22 to 26. */
const CLAIMS: Readonly<Record<AdminAction, ReadonlySet<string>>> = {
  PUSH_NOT_BEFORE: new Set(EVERY_PUSH),
  LOGOUT: new Set([...EVERY_PUSH, 'adapterSessionIds', 'keycloakSessionIds']),
};

/** How long a push is good. Unit: seconds. */
const LIFETIME = 30;
/** How far the clock here may be behind Keycloak's. Unit: seconds. */
const MAX_BEHIND = 120;
const LONGEST_NAME = 50;

/**
 * Takes a push that Keycloak sends to a client's admin URL (`k_push_not_before`, `k_logout`) and revokes the tokens
 * that it names: those issued before a time, those of the listed sessions, or all of them.
 *
 * A push is a JWT with claims of Keycloak's own (`id`, `action`, `resource`, `expiration`) and neither `iss` nor `typ`
 * nor `exp`. The realm signs other JWTs with the same key, and lets clients add claims to them: so a JWT with one claim more
 * than a push is not one (RFC 8725 §3.12). Times are those of Keycloak's clock, by the `expiration`.
 *
 * A push does not tell a not-before of the realm from one of the client. Tokens that were issued to this client are
 * refused by both; about those of other clients Keycloak is asked. For the same reason 0 lifts nothing: it is asked
 * about tokens before the earlier time. With `tokenCheck: 'local'`, which never asks, all of them are refused.
 *
 * Keycloak plans to remove these pushes; prefer back-channel logout.
 *
 * @throws {AuthError} `admin_push_invalid`, `provider_unavailable` (no keys were loaded)
 * @throws the error of the revocation store if it cannot share
 * @see Keycloak Server Administration Guide, "Admin URL"
 */
export async function revokeByAdminPush(
  verifier: Revoker,
  push: string,
  action: AdminAction,
): Promise<Revocation[]> {
  return revokeOnce(verifier, await readAdminPush(verifier, push, action));
}

/** A push that was verified. */
export interface AdminPush {
  /** Good once. */
  readonly id: unknown;
  /** Unit: seconds since 1970. */
  readonly expiration: number;
  readonly revocations: readonly Revocation[];
}

/**
 * Verifies a push, and revokes nothing yet.
 *
 * @throws {AuthError} as {@link revokeByAdminPush} does
 */
export async function readAdminPush(
  verifier: Revoker,
  push: string,
  action: AdminAction,
): Promise<AdminPush> {
  const { context } = verifier;
  const { claims } = await verifySignedJwt(push, context, { headerTypes: /^JWT$/i }).catch(toInvalid);
  const stranger = Object.keys(claims).find((claim) => !CLAIMS[action].has(claim));
  if (stranger !== undefined) {
    throw toPushError(`it has the claim ${stranger.slice(0, LONGEST_NAME)}, and no push has`);
  }
  const { id, expiration } = claims;
  if (claims.action !== action) throw toPushError(`its action is not ${action}`);
  if (claims.resource !== verifier.clientId) throw toPushError('it is for another client');
  const now = context.options.clock() / 1000;
  if (!isTime(expiration) || expiration <= now) throw toPushError('it expired');
  if (expiration > now + LIFETIME + MAX_BEHIND) throw toPushError('it expires too late');
  const madeAt = expiration - LIFETIME;
  const latest = madeAt + context.options.clockToleranceSeconds;
  const said = { ...claims, issuer: context.issuer(), madeAt, latest };
  const revocations = action === 'LOGOUT' ? toLogout(said) : toNotBefore(said, verifier.clientId);
  return { id, expiration, revocations };
}

/** @throws {AuthError} `admin_push_invalid` the second time */
export async function revokeOnce(
  verifier: Revoker,
  { id, expiration, revocations }: AdminPush,
): Promise<Revocation[]> {
  const key = JSON.stringify(['push', verifier.context.issuer(), id]);
  if (typeof id !== 'string' || id.length > LONGEST_ID || !(await verifier.useOnce(key, expiration))) {
    throw toPushError('it was used before');
  }
  for (const revocation of revocations) await verifier.revoke(revocation);
  return [...revocations];
}

interface Said extends Claims {
  readonly issuer: string;
  /** When it was made, and how much later a time in it can be. Unit: seconds since 1970. */
  readonly madeAt: number;
  readonly latest: number;
}

function toNotBefore({ issuer, notBefore, madeAt: setAt, latest }: Said, clientId: string): Revocation[] {
  if (!isTime(notBefore)) throw toPushError('it has no notBefore');
  if (notBefore > latest) throw toPushError('its notBefore is in the future');
  const ofRealm: Revocation =
    notBefore === 0
      ? { type: 'not-before', issuer, notBefore, setAt }
      : { type: 'recheck', issuer, issuedUntil: notBefore - 1, setAt };
  return [{ type: 'not-before', issuer, clientId, notBefore, setAt }, ofRealm];
}

/**
 * The sessions it lists; without a list, all users. Keycloak then refuses tokens issued before the `notBefore`, and
 * has ended every session since. A user who signs in during the push is not meant: only Keycloak knows that user.
 */
function toLogout({ issuer, notBefore, madeAt, latest, keycloakSessionIds }: Said): Revocation[] {
  if (keycloakSessionIds === undefined || keycloakSessionIds === null) {
    const isSet = isTime(notBefore) && notBefore > 0 && notBefore <= latest;
    return [
      { type: 'not-before', issuer, notBefore: isSet ? notBefore : madeAt, setAt: madeAt },
      { type: 'recheck', issuer, issuedUntil: madeAt, setAt: madeAt },
    ];
  }
  if (!Array.isArray(keycloakSessionIds)) throw toPushError('its list of sessions is not a list');
  const sessionIds = keycloakSessionIds.filter((sessionId) => typeof sessionId === 'string');
  if (sessionIds.some(({ length }) => length > LONGEST_ID)) throw toPushError('an id in it is too long');
  return sessionIds.map((sessionId) => ({ type: 'session', issuer, sessionId, endedAt: madeAt }));
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function toInvalid(error: unknown): never {
  if (isAuthError(error) && error.statusCode === 401) throw toPushError(error.reason);
  throw error;
}

export function toPushError(reason: string): AuthError {
  return new AuthError('admin_push_invalid', `The push is not valid: ${reason}`);
}
