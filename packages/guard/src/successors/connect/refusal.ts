import { STATUS_CODES } from 'node:http';
import { ClientError } from '../../client/index.ts';
import { AuthError, isAuthError } from '../../core/index.ts';

/** keycloak-connect's message, which is the status of Keycloak's answer. The `cause` says why. */
export function toStatusError(error: unknown): unknown {
  if (!(error instanceof ClientError) || error.answerStatus === 0) return error;
  const { answerStatus } = error;
  return new Error(`${answerStatus}:${STATUS_CODES[answerStatus] ?? ''}`, { cause: error });
}

/** The engine's error beneath a grant's error: it knows whose fault it is. */
export function causeOf(error: unknown): AuthError | ClientError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isAuthError(at) || at instanceof ClientError) return at;
  }
  return undefined;
}

/** The refusal to answer with. `undefined` if only the lack of a grant is known. */
export function toAuthError(error: unknown): AuthError | undefined {
  const cause = causeOf(error);
  if (!(cause instanceof ClientError)) return cause;
  const { kind, diagnosis } = cause;
  if (kind === 'provider_unavailable') return new AuthError('provider_unavailable', diagnosis.cause);
  if (kind === 'client_misconfigured') return new AuthError('provider_misconfigured', diagnosis.cause);
  return undefined;
}

/** The refusal, if it is Keycloak's or this set-up's fault and not the caller's. */
export function outageOf(error: unknown): AuthError | undefined {
  const refusal = toAuthError(error);
  return refusal !== undefined && refusal.statusCode >= 500 ? refusal : undefined;
}
