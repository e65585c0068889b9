import type { Revocation, Verifier } from 'keycloak-guard';
import { isId, verifySignedJwt } from 'keycloak-guard/unstable/connect';

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

/** The request is not a push that can be taken. */
export class BadPush extends Error {}

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
 * @throws {AuthError} a `token_…` code for what the realm did not sign; `provider_unavailable` (no keys were loaded)
 * @throws {BadPush} for what it did sign and is no push, or one that was used before
 * @throws the error of the revocation store if it cannot share
 * @see Keycloak Server Administration Guide, "Admin URL"
 */
export async function revokeByAdminPush(
  verifier: Pick<Verifier, 'clientId' | 'context' | 'revoke' | 'useOnce'>,
  push: string,
  action: AdminAction,
): Promise<{ readonly claims: Claims; readonly revocations: readonly Revocation[] }> {
  const { context } = verifier;
  // The signature first, because keycloak-connect reports it first; then everything else.
  const { claims } = await verifySignedJwt(push, context, { headerTypes: /^JWT$/i });
  const stranger = Object.keys(claims).find((claim) => !CLAIMS[action].has(claim));
  if (stranger !== undefined)
    throw new BadPush(`it has the claim ${stranger.slice(0, LONGEST_NAME)}, and no push has`);
  const { id, expiration } = claims;
  if (claims.action !== action) throw new BadPush(`its action is not ${action}`);
  if (claims.resource !== verifier.clientId) throw new BadPush('it is for another client');
  const now = context.options.clock() / 1000;
  if (!isTime(expiration) || expiration <= now) throw new BadPush('it expired');
  if (expiration > now + LIFETIME + MAX_BEHIND) throw new BadPush('it expires too late');
  const madeAt = expiration - LIFETIME;
  const latest = madeAt + context.options.clockToleranceSeconds;
  const said = { ...claims, issuer: context.issuer(), madeAt, latest };
  const revocations = action === 'LOGOUT' ? toLogout(said) : toNotBefore(said, verifier.clientId);
  const key = JSON.stringify(['push', said.issuer, id]);
  if (!isId(id) || !(await verifier.useOnce(key, expiration))) throw new BadPush('it was used before');
  for (const revocation of revocations) await verifier.revoke(revocation);
  return { claims, revocations };
}

interface Said extends Claims {
  readonly issuer: string;
  /** When it was made, and how much later a time in it can be. Unit: seconds since 1970. */
  readonly madeAt: number;
  readonly latest: number;
}

function toNotBefore({ issuer, notBefore, madeAt: setAt, latest }: Said, clientId: string): Revocation[] {
  if (!isTime(notBefore)) throw new BadPush('it has no notBefore');
  if (notBefore > latest) throw new BadPush('its notBefore is in the future');
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
  if (!Array.isArray(keycloakSessionIds)) throw new BadPush('its list of sessions is not a list');
  const sessionIds = keycloakSessionIds.filter((sessionId) => typeof sessionId === 'string');
  if (!sessionIds.every(isId)) throw new BadPush('an id in it is too long');
  return sessionIds.map((sessionId) => ({ type: 'session', issuer, sessionId, endedAt: madeAt }));
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
