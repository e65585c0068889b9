import { AuthError } from '../core/index.ts';
import { ClientError } from './errors.ts';

/**
 * A call to Keycloak that failed, as the refusal of a request that needed it. Only what is about the user's own token is a
 * 401; a set-up that is wrong is 500, an outage 503.
 */
export function toAuthError(error: unknown): unknown {
  if (!(error instanceof ClientError)) return error;
  const { cause: reason } = error.diagnosis;
  if (error.kind === 'provider_unavailable')
    return new AuthError('provider_unavailable', reason, { cause: error });
  const code = error.kind === 'client_misconfigured' ? 'provider_misconfigured' : 'token_revoked';
  return new AuthError(code, reason, { cause: error });
}
