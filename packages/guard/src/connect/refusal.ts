import { STATUS_CODES } from 'node:http';
import { ClientError } from '../client/index.ts';
import { AuthError, isAuthError } from '../core/index.ts';

/** In keycloak-connect's words: the status of Keycloak's answer. Why, says the `cause`. */
export function toStatusError(error: unknown): unknown {
  if (!(error instanceof ClientError) || error.answerStatus === 0) return error;
  const { answerStatus } = error;
  return new Error(`${answerStatus}:${STATUS_CODES[answerStatus] ?? ''}`, { cause: error });
}

/** What is underneath an error of a grant: the engine's own, which knows whose fault it is. */
export function causeOf(error: unknown): AuthError | ClientError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isAuthError(at) || at instanceof ClientError) return at;
  }
  return undefined;
}

/** As something to answer with; `undefined` where nothing is known but that there is no grant. */
export function toAuthError(error: unknown): AuthError | undefined {
  const cause = causeOf(error);
  if (!(cause instanceof ClientError)) return cause;
  const { kind, diagnosis } = cause;
  if (kind === 'provider_unavailable') return new AuthError('provider_unavailable', diagnosis.cause);
  if (kind === 'client_misconfigured') return new AuthError('provider_misconfigured', diagnosis.cause);
  return undefined;
}

/** Keycloak, or what is set up here, cannot say who is calling: that is nobody's fault who is calling. */
export function outageOf(error: unknown): AuthError | undefined {
  const refusal = toAuthError(error);
  return refusal !== undefined && refusal.statusCode >= 500 ? refusal : undefined;
}
