import { AuthError, isAuthError } from '../http/errors.ts';
import { type Answer, toJsonAnswer } from '../http/refusal.ts';
import { parameterIn } from '../http/request.ts';
import { verifySignedJwt } from '../jwt/signed-jwt.ts';
import type { Revocation } from '../revocation/revocation-log.ts';
import type { Log } from '../runtime/notice.ts';
import { type Member, selectByIssuer } from '../token/select-verifier.ts';
import type { VerifyContext } from '../token/verify.ts';

/** The part of a verifier that logout tokens go to. */
interface Revoker {
  readonly clientId: string;
  readonly context: VerifyContext;
  revoke(revocation: Revocation): Promise<void>;
  useOnce(id: string, expiresAt: number): Promise<boolean>;
}

type Realm = Member & Revoker;

/** The result of a message from Keycloak: a logout token. */
export interface KeycloakMessage {
  /** Its revocations; empty if it was refused. */
  readonly revocations: readonly Revocation[];
  /** Why it was refused or not shared with other processes; else `null`. */
  readonly error: AuthError | null;
  /** Name of the tenant whose realm it is from, where each tenant has a realm; missing if it is from none. */
  readonly tenant?: string | undefined;
}

/** Listeners of a message. */
interface MessageListeners {
  /** For invalid messages, and for revocations that could not be shared. */
  readonly log: Pick<Log, 'warn' | 'error'>;
  /** Must not throw. */
  readonly onMessage?: ((message: KeycloakMessage) => void) | undefined;
}

const HEADERS = { 'cache-control': 'no-store', connection: 'close' } as const;

/**
 * The answer to `POST /backchannel-logout`. Keycloak waits for it while the user logs out, so there is nothing here that could
 * take long.
 *
 * @param membersFor the realms that a logout token, which is not verified yet, may be of
 * @param body the form as a string, or its fields as a body parser made them
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export async function answerBackchannelLogout(
  membersFor: (token: string) => Promise<readonly Realm[]>,
  body: unknown,
  { log, onMessage }: MessageListeners,
): Promise<Answer> {
  let of: Pick<KeycloakMessage, 'tenant'> = {};
  const token = logoutTokenOf(body);
  try {
    if (token === undefined)
      throw new AuthError('logout_token_invalid', 'The request must have one logout_token');
    const member = await membersFor(token)
      .then((members) => selectByIssuer(members, token))
      .catch(toUnknownRealm);
    const { tenants } = member.context.options;
    if (typeof tenants === 'object') of = { tenant: tenants.name };
    const revocation = await revokeByLogoutToken(member, token);
    onMessage?.({ revocations: [revocation], error: null, ...of });
    return { status: 204, headers: HEADERS, setCookies: [], body: undefined };
  } catch (error) {
    if (isAuthError(error)) onMessage?.({ revocations: [], error, ...of });
    if (isAuthError(error) && error.statusCode === 400) {
      // Anybody can send one: no more than a line. The doctor sends an empty one, and needs none.
      const { code, reason, expected, seen, message } = error;
      if (token !== '') log.warn({ code, expected, seen }, reason);
      return refuse(400, HEADERS, 'invalid_request', message);
    }
    const isUnchecked = isAuthError(error) && error.code.startsWith('provider_');
    const why = isUnchecked ? `checked. ${error.reason}` : 'shared with other processes';
    log.error({ err: error }, `a logout could not be ${why}`);
    return refuse(503, { ...HEADERS, 'retry-after': '5' }, 'temporarily_unavailable', 'Try again');
  }
}

/** The field of this name if it is one string: a parser may have made it a list or an object. */
function logoutTokenOf(body: unknown): string | undefined {
  if (typeof body === 'string') return parameterIn(body, 'logout_token');
  const { logout_token: token } = Object(body) as { logout_token?: unknown };
  return typeof token === 'string' ? token : undefined;
}

function refuse(status: number, headers: Answer['headers'], error: string, description: string): Answer {
  return toJsonAnswer(status, headers, { error, error_description: description, detail: description });
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * Takes a logout token from Keycloak and revokes the session of its `sid`, or without one all tokens that
 * the user was issued so far. Resolves when every replica will know.
 *
 * Checked: signature, `iss`, `aud`, `iat` (no older than three minutes), `exp`, `events`, `sub` or `sid`, no
 * `nonce`, and that the `jti` was not seen before.
 *
 * @throws {AuthError} `logout_token_invalid`, `logout_token_replayed`, `provider_unavailable` (no keys were loaded)
 * @throws the error of the revocation store if it cannot share; this process still knows of the logout
 * @see OpenID Connect Back-Channel Logout 1.0 §2.6
 */
export async function revokeByLogoutToken(verifier: Revoker, logoutToken: string): Promise<Revocation> {
  const { claims, headerType } = await verifySignedJwt(logoutToken, verifier.context, {
    headerTypes: /^(application\/)?(logout\+jwt|JWT)$/i,
    issuer: verifier.context.issuer,
    audience: verifier.clientId,
    requiredClaims: ['iat', 'jti'],
    maxAgeSeconds: 180,
  }).catch((error: unknown) => toInvalid(error, 401));

  const isTyped = headerType !== undefined && /logout\+jwt$/i.test(headerType);
  if (!isTyped && claims.typ !== 'Logout') throw invalid('it is not typed as a logout token');
  const event = (claims.events as Record<string, unknown> | undefined)?.[EVENT];
  if (typeof event !== 'object' || event === null) throw invalid('it has no back-channel logout event');
  if (claims.nonce !== undefined) throw invalid('it has a nonce');
  const revocation = toRevocation(claims.iss as string, claims.sid, claims.sub, claims.iat as number);

  // Revoke first: repeating it is harmless, and a retry may follow if sharing fails.
  await verifier.revoke(revocation);
  // `jti` is unique per issuer (RFC 7519 §4.1.7). Kept as long as the token could be accepted.
  const until = (claims.iat as number) + 600;
  if (!(await verifier.useOnce(JSON.stringify([claims.iss, claims.jti]), until))) {
    throw new AuthError('logout_token_replayed', 'The logout token was used before');
  }
  return revocation;
}

function toRevocation(issuer: string, sessionId: unknown, subject: unknown, issuedAt: number): Revocation {
  if (typeof sessionId === 'string' && sessionId !== '') {
    return { type: 'session', issuer, sessionId, endedAt: issuedAt };
  }
  if (typeof subject === 'string' && subject !== '') {
    return { type: 'user', issuer, subject, issuedUntil: issuedAt };
  }
  throw invalid('it names neither a session nor a user');
}

/** If no realm is found for a token, it is refused as its realm would refuse it. */
const toUnknownRealm = (error: unknown): never => toInvalid(error, 401, 404);

/** As much of an issuer as anybody can write into the log. */
const LONGEST_SEEN = 200;

const OF_TIME: ReadonlySet<string> = new Set(['token_expired', 'token_not_yet_valid']);
const CLOCKS = 'compare the clocks of this machine and of Keycloak';

function toInvalid(error: unknown, ...statuses: readonly number[]): never {
  if (!isAuthError(error) || !statuses.includes(error.statusCode)) throw error;
  throw invalid(OF_TIME.has(error.code) ? `${CLOCKS}: ${error.reason}` : error.reason, error);
}

function invalid(reason: string, because?: AuthError): AuthError {
  return new AuthError('logout_token_invalid', `The logout token is not valid: ${reason}`, {
    expected: because?.expected,
    seen: because?.seen?.slice(0, LONGEST_SEEN),
  });
}
