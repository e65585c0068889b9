import { AUTH_ERRORS, AuthError } from './errors.ts';

/** What challenges say about the protected resource that a request was for. */
export interface ChallengedResource {
  /** URL of its metadata (RFC 9728 §5.1). */
  readonly metadataUrl: string;
  /** Scopes that a client should ask for at first; if empty, the challenge names none. */
  readonly scopes: readonly string[];
}

/**
 * The same refusal with a challenge that leads clients to a token: where the metadata is, and which scopes to ask for. A
 * client whose token lacks scopes gets all of them, because a new token has only the requested ones. If something else
 * is missing, such as a role, no scope is named: another token would be refused as well.
 *
 * @see RFC 9728 §5.1, RFC 6750 §3
 */
export function withResource(error: AuthError, { metadataUrl, scopes }: ChallengedResource): AuthError {
  const { 'www-authenticate': challenge, ...headers } = error.headers;
  // A challenge of another scheme (UMA) leads elsewhere.
  if (!challenge?.startsWith('Bearer') || !Object.hasOwn(AUTH_ERRORS, error.code)) return error;
  // A new error: what a verifier throws may be thrown for others too.
  const { code, reason, expected, seen, signIn, tenant, cause, stack = '' } = error;
  const isAboutScopes = error.statusCode === 401 || error.scope !== undefined;
  const asked = isAboutScopes ? [...new Set([...scopes, ...(error.scope?.split(' ') ?? [])])] : [];
  const refusal = new AuthError(code, reason, {
    expected,
    seen,
    signIn,
    tenant,
    cause,
    headers,
    scope: asked.length > 0 ? asked.join(' ') : undefined,
    resourceMetadata: metadataUrl,
  });
  refusal.stack = stack;
  return refusal;
}
