import { type ChallengedProof, withDpopChallenge } from './challenge.ts';
import { AUTH_ERRORS, AuthError, isAuthError } from './errors.ts';

/** An answer that any framework can send. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; none is `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Values of `Set-Cookie`, one header each. */
  readonly setCookies: readonly string[];
  /** `undefined`: there is none. */
  readonly body: string | undefined;
}

/** An answer in JSON. */
export function toJsonAnswer(
  status: number,
  headers: Answer['headers'],
  body: object,
  setCookies: Answer['setCookies'] = [],
): Answer {
  const withType = { ...headers, 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: withType, setCookies, body: JSON.stringify(body) };
}

// From an error to what a client gets. RequestGuard, permissions, MCP, connections and every adapter take refusals from here.

/** The protected resource of a request, for challenges. */
export interface ChallengedResource {
  /** URL of its metadata (RFC 9728 §5.1). */
  readonly metadataUrl: string;
  /** Scopes that a client should ask for at first; if empty, the challenge names none. */
  readonly scopes: readonly string[];
}

/**
 * The same refusal with a challenge that leads clients to a token: where the metadata is, which scopes to ask for, and which
 * schemes are accepted. A client whose token lacks scopes gets all of them, because a new token has only the requested ones.
 * If something else is missing, such as a role, no scope is named: another token would be refused as well.
 *
 * @see RFC 9728 §5.1, RFC 6750 §3, RFC 9449 §7.1
 */
export function toRefusal(
  error: AuthError,
  resource: ChallengedResource | undefined,
  proof: ChallengedProof | undefined,
): AuthError {
  const challenge = error.headers['www-authenticate'];
  if (resource === undefined && proof === undefined) return error;
  // A challenge of another scheme, which an application may give its own error, leads elsewhere.
  if (!challenge?.startsWith('Bearer') || !Object.hasOwn(AUTH_ERRORS, error.code)) return error;
  const { code, reason, cause, stack } = error;
  const { 'www-authenticate': _, ...others } = error.headers;
  const scope = resource === undefined ? error.scope : scopeFor(error, resource);
  const resourceMetadata = resource?.metadataUrl;
  // A new error: what a verifier throws may be thrown for others too.
  const refusal = new AuthError(code, reason, { ...error, cause, scope, resourceMetadata, headers: others });
  const bearer = refusal.headers['www-authenticate'] as string;
  const headers = proof && {
    headers: { ...refusal.headers, 'www-authenticate': withDpopChallenge(bearer, proof) },
  };
  return Object.assign(refusal, { stack, ...headers });
}

function scopeFor({ statusCode, scope }: AuthError, { scopes }: ChallengedResource): string | undefined {
  if (statusCode !== 401 && scope === undefined) return undefined;
  return [...new Set([...scopes, ...(scope?.split(' ') ?? [])])].join(' ') || undefined;
}

/** Header that says why, where {@link toRefusalAnswer} may. */
const EXPLANATION_HEADER = 'x-auth-error';

/**
 * The answer to a request that was refused: status, challenge and `{"detail": …}`.
 *
 * @param explain whether code and reason come with it, in the body and in `x-auth-error`: for developers, and a help for
 *   attackers. Never the token.
 */
export function toRefusalAnswer(error: AuthError, explain = false): Answer {
  const { statusCode, headers, detail, code, reason, expected, seen } = error;
  // A page is sent on.
  if (statusCode === 303) return { status: 303, headers, setCookies: [], body: undefined };
  if (!explain) return toJsonAnswer(statusCode, headers, { detail });
  const why = `${code}: ${reason}${expected === undefined ? '' : `; expected ${expected}`}${seen === undefined ? '' : `; seen ${seen}`}`;
  return toJsonAnswer(
    statusCode,
    { ...headers, [EXPLANATION_HEADER]: toHeaderText(why) },
    { detail, code, reason, expected, seen },
  );
}

/** RFC 9110 §5.5: visible ASCII and spaces are what every client takes. */
function toHeaderText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** The public part of an error, for the other end of a connection: nothing of a fault here. */
export function toPublic(error: unknown): Pick<AuthError, 'statusCode' | 'detail'> {
  return isAuthError(error) ? error : AUTH_ERRORS.provider_misconfigured;
}

/** The answer if the application, or this package, fails. */
export const FAULT: Answer = toJsonAnswer(500, {}, { detail: 'Internal Server Error' });
