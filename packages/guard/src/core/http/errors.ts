import { buildChallenge, type Challenge, type RequiredSignIn } from './challenge.ts';

/** Longest foreign string that a reason, a notice or a log line repeats. */
const MAX_LENGTH = 300;

/** The credentials after the name of a scheme, as a page that repeats the request shows them (RFC 9110 §11.4). */
const CREDENTIALS = /\b(Basic|Bearer|DPoP)(\s+)(?!\w+\s*=\s*["\w])[\w.~+/-]{4,}=*/gi;

/**
 * A string from outside in a form that is safe to show: bounded, without control characters and line ends,
 * without credentials.
 *
 * @param secrets strings to leave out
 */
export function toSafeText(text: string, secrets: readonly string[] = []): string {
  let safe = text;
  for (const secret of secrets) safe = safe.replaceAll(secret, '…');
  safe = safe.replace(CREDENTIALS, '$1$2…').replace(UNPRINTABLE, ' ');
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}…` : safe;
}

/** Control and format characters, line and paragraph separators, halves of a character, invisible characters. */
const UNPRINTABLE = /[\u2800\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

interface ErrorKind {
  /** HTTP status to answer with. */
  readonly statusCode: 303 | 400 | 401 | 403 | 404 | 429 | 500 | 502 | 503;
  /** OAuth error code (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3) for the challenge; none for a bare challenge or no challenge. */
  readonly oauthError?:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | 'insufficient_user_authentication';
  /** Public text: safe to send to anybody. */
  readonly detail: string;
  /** Public `error_description` of the challenge. */
  readonly description?: string;
}

const INVALID = {
  statusCode: 401,
  oauthError: 'invalid_token',
  detail: 'Could not validate credentials',
} as const;
const BAD_PROOF = { ...INVALID, oauthError: 'invalid_dpop_proof' } as const;
const DENIED = {
  statusCode: 403,
  oauthError: 'insufficient_scope',
  detail: 'Not enough permissions',
} as const;
const BAD_MESSAGE = { statusCode: 400, oauthError: 'invalid_request' } as const;
const invalid = <D extends string>(description: D) => ({ ...INVALID, description }) as const;
const badProof = <D extends string>(description: D) => ({ ...BAD_PROOF, description }) as const;
const NOT_VALID = invalid('The access token is not valid');

/**
 * Every code an {@link AuthError} can have. A code, once released, keeps its meaning for ever.
 * Each is explained in `docs/errors.md`.
 */
export const AUTH_ERRORS = {
  // No usable credentials: a bare challenge, with no error code (RFC 6750 §3.1).
  missing_token: { statusCode: 401, detail: 'Not authenticated' },
  unsupported_scheme: { statusCode: 401, detail: 'Invalid authentication credentials' },
  ambiguous_credentials: {
    statusCode: 400,
    oauthError: 'invalid_request',
    detail: 'Invalid authentication credentials',
    description: 'The request has more than one Authorization header',
  },

  // The token is not good. Before the signature is checked the public text is always the same.
  token_malformed: NOT_VALID,
  token_encrypted: NOT_VALID,
  token_algorithm: NOT_VALID,
  token_key_unknown: NOT_VALID,
  token_signature: NOT_VALID,
  token_issuer: NOT_VALID,
  token_type: invalid('The token is not an access token'),
  token_audience: invalid('The access token is for another audience'),
  token_expired: invalid('The access token expired'),
  token_not_yet_valid: invalid('The access token is not valid yet'),
  token_claims: NOT_VALID,
  token_bound: invalid('The access token is bound to a key and cannot be used as a bearer token'),
  token_not_bound: invalid('The access token is not bound to a key, and cannot be used with the scheme DPoP'),
  token_binding: invalid('The access token is bound to another key'),
  token_revoked: invalid('The access token was revoked'),
  token_outdated: invalid('The access token is older than a change of its user'),
  refresh_token_invalid: invalid('The refresh token is not valid'),

  // The token may be good, but its sender does not show that they have the key it is bound to (RFC 9449).
  dpop_required: invalid('The access token has to be bound to a key and to come with the scheme DPoP'),
  dpop_proof_missing: badProof('The request has no DPoP proof'),
  dpop_proof_invalid: badProof('The DPoP proof is not valid for this request'),
  dpop_proof_replayed: badProof('The DPoP proof was used before'),
  dpop_nonce_required: {
    ...invalid('The DPoP proof has to hold the nonce of this answer'),
    oauthError: 'use_dpop_nonce',
  },

  // The token is good, but the sign-in behind it is too weak or too long ago (RFC 9470).
  insufficient_user_authentication: {
    statusCode: 401,
    oauthError: 'insufficient_user_authentication',
    detail: 'Another sign-in is needed',
    description: 'A stronger or more recent sign-in is needed',
  },

  // The same for a page with a session: the browser is sent to where the person can sign in that way.
  step_up_redirect: { statusCode: 303, detail: 'Another sign-in is needed' },

  // The token is good, but a guard is not met.
  role_missing: DENIED,
  scope_missing: DENIED,
  group_missing: DENIED,
  organization_missing: DENIED,
  tenant_refused: DENIED,
  audience_missing: DENIED,
  issuer_refused: DENIED,
  client_refused: DENIED,
  kind_refused: DENIED,
  actor_refused: DENIED,
  requirement_unclear: DENIED,
  permission_denied: DENIED,
  permission_unaskable: {
    ...DENIED,
    description: 'Permissions cannot be decided for a token that is bound to a key',
  },
  // A hidden resource looks as if it did not exist (RFC 9110 §15.5.4).
  not_found: { statusCode: 404, detail: 'Not Found' },
  // The request belongs to no tenant: whatever it asks for does not exist there.
  tenant_unknown: { statusCode: 404, detail: 'Not Found' },
  // Whether it belongs to one cannot be said at the moment.
  tenants_unavailable: { statusCode: 503, detail: 'Service Unavailable' },
  path_ambiguous: { statusCode: 400, detail: 'Bad Request' },

  // The session belongs to another MCP client: the same answer as for one that does not exist.
  mcp_session_unknown: { statusCode: 404, detail: 'Session not found' },

  // A message from Keycloak is not valid (OpenID Connect Back-Channel Logout 1.0 §2.8).
  logout_token_invalid: { ...BAD_MESSAGE, detail: 'Invalid logout token' },
  logout_token_replayed: { ...BAD_MESSAGE, detail: 'Invalid logout token' },

  // A session cookie. Cookies come along by themselves, so a page of another site could send the request.
  cross_origin_request: { statusCode: 403, detail: 'Requests from other sites are refused' },
  session_store_unavailable: { statusCode: 503, detail: 'Session store unavailable' },

  // RFC 6585 §4.
  too_many_logins: { statusCode: 429, detail: 'Too many login attempts' },

  // Not the caller's fault.
  provider_unavailable: { statusCode: 503, detail: 'Identity provider unavailable' },
  provider_answer_invalid: { statusCode: 502, detail: 'Identity provider gave no valid answer' },
  provider_misconfigured: { statusCode: 500, detail: 'Internal Server Error' },
  proof_store_unavailable: { statusCode: 503, detail: 'Proofs cannot be checked at the moment' },
  revocation_not_shared: { statusCode: 503, detail: 'Logout could not be shared' },
} as const satisfies Record<string, ErrorKind>;

/** A code of {@link AUTH_ERRORS}. */
export type AuthErrorCode = keyof typeof AUTH_ERRORS;

/** Details of an {@link AuthError} beside its code. */
export interface AuthErrorOptions extends Pick<Challenge, 'scope' | 'signIn' | 'resourceMetadata'> {
  /** The right value, for example `typ "Bearer"`. */
  readonly expected?: string | undefined;
  /** The value that was found, for example `typ "ID"`. Never the token or a secret. */
  readonly seen?: string | undefined;
  /** Tenant, or organization by alias, for which the caller does not act. */
  readonly tenant?: string | undefined;
  /** Alias of the organization in which a role or group is missing. */
  readonly organization?: string | undefined;
  /** Headers of the answer beside those of the code, or in their place. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The error underneath; never one that holds a token. */
  readonly cause?: unknown;
}

/** Marks an {@link AuthError}, from any copy of this package. */
const BRAND = Symbol.for('keycloak-guard.AuthError');

/**
 * A request is not authenticated, or not authorized, or this could not be decided.
 *
 * `message`, `statusCode` and `headers` are for the client: guards answer by them, unless an error handler of the application does.
 * `reason`, `expected` and `seen` are for the developer and the log. None of them holds a token or a secret.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  /** Stable reason, see {@link AUTH_ERRORS}. */
  readonly code: AuthErrorCode;
  /** HTTP status: 400, 401, 403, 404, 429, 500, 502 or 503; 303 for `step_up_redirect` alone. */
  readonly statusCode: ErrorKind['statusCode'];
  /** OAuth error code (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3), where one applies. */
  readonly oauthError: string | undefined;
  /** Public text for the body of the answer; the same as `message`. */
  readonly detail: string;
  /** The exact mistake. Not for clients: it would help an attacker. */
  readonly reason: string;
  /** The right value. */
  readonly expected: string | undefined;
  /** The value that was found, cut to 300 printable characters. */
  readonly seen: string | undefined;
  /** Scopes that would have been enough, separated by one space, if scopes are missing. */
  readonly scope: string | undefined;
  /** With `insufficient_user_authentication`: which sign-in would be enough. */
  readonly signIn: RequiredSignIn | undefined;
  /** With `tenant_refused` and `organization_missing`: the one that would be enough, if one alone would. */
  readonly tenant: string | undefined;
  /** With `role_missing` and `group_missing`: alias of the organization in which it is missing; `undefined` for those of the realm. */
  readonly organization: string | undefined;
  /** Headers of the answer: `www-authenticate` (401, 403, 400), `dpop-nonce` (401) or `retry-after` (429, 503). */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AuthErrorCode, reason: string, options: AuthErrorOptions = {}) {
    const kind: ErrorKind = AUTH_ERRORS[code];
    super(kind.detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.statusCode = kind.statusCode;
    this.oauthError = kind.oauthError;
    this.detail = kind.detail;
    this.reason = reason;
    this.expected = options.expected;
    this.seen = options.seen === undefined ? undefined : toSafeText(options.seen);
    this.scope = options.scope;
    this.signIn = options.signIn;
    this.tenant = options.tenant;
    this.organization = options.organization;
    this.headers = { ...headersOf(kind, options), ...options.headers };
  }
}
Object.defineProperty(AuthError.prototype, BRAND, { value: true });

/**
 * Whether something that was thrown is an {@link AuthError}, of this or another copy of this package: loaded as an ES module
 * and as CommonJS there are two, and `instanceof` knows only one of the classes.
 *
 * @example
 * app.use((error, request, response, next) => {
 *   if (!isAuthError(error)) return next(error);
 *   response.status(error.statusCode).set(error.headers).json({ detail: error.detail });
 * });
 */
export function isAuthError(error: unknown): error is AuthError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

function headersOf(kind: ErrorKind, options: AuthErrorOptions): Record<string, string> {
  // Seconds after which a new try makes sense.
  if (kind.statusCode === 503) return { 'retry-after': '5' };
  if (kind.statusCode === 403 && kind.oauthError === undefined) return {};
  // A limiter sets Retry-After itself.
  if ([303, 404, 429, 500, 502].includes(kind.statusCode)) return {};
  if (kind.statusCode === 400 && kind.description === undefined) return {};
  return {
    'www-authenticate': buildChallenge({
      error: kind.oauthError,
      description: kind.description,
      scope: options.scope,
      signIn: options.signIn,
      resourceMetadata: options.resourceMetadata,
    }),
  };
}

/** One option that is missing or wrong. */
export interface OptionProblem {
  /** Name of the option as the caller wrote it, for example `serverUrl`. */
  readonly option: string;
  /** The rule that it breaks. */
  readonly rule: string;
  /** A value that would be right. */
  readonly example: string;
}

/** Options are missing or wrong. All mistakes are listed at once, in `problems` and in the message. */
export class OptionsError extends TypeError {
  override readonly name = 'OptionsError';
  readonly problems: readonly OptionProblem[];

  constructor(subject: string, problems: readonly OptionProblem[]) {
    const lines = problems.map((p) => `  ${p.option}: ${p.rule} (for example ${p.example})`);
    super(
      [
        `${subject}: ${problems.length === 1 ? 'an option is' : `${problems.length} options are`} wrong`,
        ...lines,
      ].join('\n'),
    );
    this.problems = problems;
  }
}
