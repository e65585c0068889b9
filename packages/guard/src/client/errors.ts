import type { ClientErrorKind, Diagnosis } from './token-answer.ts';

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
