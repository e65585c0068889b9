import type { CredentialKind } from '../core/internal.ts';

/** What came back from the token endpoint (or from the discovery document), as far as it says why. */
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
 * Whose turn it is after a failed call.
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
