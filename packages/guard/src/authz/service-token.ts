import { AuthError } from '../core/index.ts';
import { createHeldToken, describeAnswer, type HeldToken, toJsonObject } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';

/**
 * The API's own token for managing its resources in Keycloak: UMA's "protection API token". `get` rejects with an `AuthError`:
 * `provider_misconfigured` if Keycloak refuses the client.
 */
export function createServiceToken({ clientId, credential, issuer, calls, clock }: AuthzContext): HeldToken {
  return createHeldToken(async () => {
    const response = await credential.authenticate(issuer, ({ headers, fields }) =>
      calls.call(issuer.endpoints.token, {
        what: 'a token',
        secrets: credential.secrets(),
        init: {
          method: 'POST',
          headers: { accept: 'application/json', ...headers },
          body: new URLSearchParams({ grant_type: 'client_credentials', ...fields }),
        },
        who: undefined,
      }),
    );
    const { access_token: token, expires_in: lifetime, error } = toJsonObject(response.body) ?? {};
    if (response.status === 200 && typeof token === 'string') {
      return { token, expiresInSeconds: typeof lifetime === 'number' ? lifetime : 0 };
    }
    const seen = describeAnswer(response, credential.secrets());
    if ((response.status === 400 || response.status === 401) && typeof error === 'string') {
      throw new AuthError(
        'provider_misconfigured',
        `Keycloak gives the client ${clientId} no token of its own (${seen}): check its credential, and turn "Service accounts roles" and "Authorization" on`,
      );
    }
    throw new AuthError('provider_unavailable', `Keycloak gave no token to the client ${clientId} (${seen})`);
  }, clock);
}
