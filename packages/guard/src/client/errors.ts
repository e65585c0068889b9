import { AuthError } from '../core/index.ts';
import type { CredentialKind } from '../core/internal.ts';

/** The answer of the token endpoint (or of the discovery document), as far as it says why. */
export interface TokenAnswer {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** `error` of the JSON body (RFC 6749 §5.2). */
  readonly error?: string | undefined;
  /** `error_description` of the JSON body. */
  readonly description?: string | undefined;
  /** Whether the body was a JSON object. */
  readonly isJson?: boolean | undefined;
  /** Why there was no answer: an error code such as `ECONNREFUSED`, or `timed out`. */
  readonly failure?: string | undefined;
  /** Value of the `Location` header. */
  readonly location?: string | undefined;
  /** Address that was called; lets the fix name it. */
  readonly url?: string | undefined;
  /** Realm that was asked for. */
  readonly realm?: string | undefined;
  /** Client id that was sent. */
  readonly clientId?: string | undefined;
  /** How this application authenticated. Default `secret`. */
  readonly credential?: CredentialKind | undefined;
}

/**
 * The side that has to act after a failed call.
 *
 * - `invalid_credentials`: the user retypes
 * - `account_not_ready`: the password was right, Keycloak wants an action of the user first
 * - `account_disabled`: the password was right, an administrator has disabled the user
 * - `client_misconfigured`: this service, its client or its realm is set up wrongly; no user can help
 * - `provider_unavailable`: Keycloak gave no usable answer; a later try makes sense
 */
export type ClientErrorKind =
  | 'invalid_credentials'
  | 'account_not_ready'
  | 'account_disabled'
  | 'client_misconfigured'
  | 'provider_unavailable';

/** Why a call failed and what to do. Texts are for the operator and hold no secret. */
export interface Diagnosis {
  /** Stable name of the cause, for example `wrong-secret`. */
  readonly id: string;
  readonly kind: ClientErrorKind;
  /** One sentence about the fault. */
  readonly cause: string;
  /** One sentence or two: what to change, and where. */
  readonly fix: string;
}

/**
 * A call to Keycloak as an OAuth client failed. `message` names the cause, `diagnosis.fix` the way out; both are
 * for the log, not for the user. Neither holds a password, a token or a secret.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly kind: ClientErrorKind;
  readonly diagnosis: Diagnosis;
  /** HTTP status of Keycloak's answer; 0 where there was none. */
  readonly answerStatus: number;

  constructor(diagnosis: Diagnosis, answerStatus = 0) {
    super(diagnosis.cause);
    this.kind = diagnosis.kind;
    this.diagnosis = diagnosis;
    this.answerStatus = answerStatus;
  }
}

/**
 * A login in the browser came back without a code that can be used.
 *
 * - `refused`: Keycloak says so, in `error` (RFC 6749 §4.1.2.1), for example `access_denied`
 * - `invalid_response`: the response does not belong to this login: `state`, `iss`, or its form is wrong
 */
export class AuthorizationError extends Error {
  override readonly name = 'AuthorizationError';
  readonly reason: 'refused' | 'invalid_response';
  /** Keycloak's error code. Comes from a URL: not to be shown or logged as it is. */
  readonly error: string | undefined;

  constructor(reason: 'refused' | 'invalid_response', error: string | undefined) {
    super(reason === 'refused' ? 'Keycloak refused the login' : 'The response is not one to this login');
    this.reason = reason;
    this.error = error;
  }
}

/**
 * A call to Keycloak that failed, as the refusal of a request that needed it. Only what is about the user's own token is a
 * 401, or a 403 where Keycloak answered that; a set-up that is wrong is 500, an outage 503.
 */
export function toAuthError(error: unknown): unknown {
  if (!(error instanceof ClientError)) return error;
  const { cause: reason } = error.diagnosis;
  if (error.kind === 'provider_unavailable')
    return new AuthError('provider_unavailable', reason, { cause: error });
  // Keycloak knows the user, and refuses what was asked for them.
  if (error.kind === 'invalid_credentials' && error.answerStatus === 403)
    return new AuthError('permission_denied', reason, { cause: error });
  const code = error.kind === 'client_misconfigured' ? 'provider_misconfigured' : 'token_revoked';
  return new AuthError(code, reason, { cause: error });
}
