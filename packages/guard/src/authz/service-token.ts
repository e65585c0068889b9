import { AuthError } from '../core/index.ts';
import { describeAnswer, toJsonObject } from '../core/internal.ts';
import { type AuthzContext, secretsOf } from './context.ts';

/** The API's own token for managing its resources in Keycloak: UMA's "protection API token". */
export interface ServiceToken {
  /** @throws {AuthError} `provider_misconfigured` if Keycloak refuses the client */
  get(): Promise<string>;
  /** Fetches a new token next time, because this one was refused. */
  drop(token: string): void;
}

/** A token is replaced at most this long before it expires. Unit: milliseconds. */
const AHEAD_MS = 30_000;

export function createServiceToken(context: AuthzContext): ServiceToken {
  let current: { readonly token: string; readonly until: number } | undefined;
  let pending: Promise<string> | undefined;

  async function load(): Promise<string> {
    const { clientId, clientSecret, issuer, calls, clock } = context;
    const askedAt = clock();
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    });
    const response = await calls.call(issuer.endpoints.token, {
      what: 'a token',
      secrets: secretsOf(context),
      init: { method: 'POST', headers: { accept: 'application/json' }, body },
      who: undefined,
    });
    const { access_token: token, expires_in: lifetime, error } = toJsonObject(response.body) ?? {};
    if (response.status === 200 && typeof token === 'string') {
      const lifetimeMs = typeof lifetime === 'number' ? lifetime * 1000 : 0;
      current = { token, until: askedAt + lifetimeMs - Math.min(AHEAD_MS, lifetimeMs / 2) };
      return token;
    }
    const seen = describeAnswer(response, secretsOf(context));
    if ((response.status === 400 || response.status === 401) && typeof error === 'string') {
      throw new AuthError(
        'provider_misconfigured',
        `Keycloak gives the client ${clientId} no token of its own (${seen}): check its secret, and turn "Service accounts roles" and "Authorization" on`,
      );
    }
    throw new AuthError('provider_unavailable', `Keycloak gave no token to the client ${clientId} (${seen})`);
  }

  return {
    async get() {
      if (current !== undefined && context.clock() < current.until) return current.token;
      pending ??= load().finally(() => {
        pending = undefined;
      });
      return pending;
    },
    drop(token) {
      if (current?.token === token) current = undefined;
    },
  };
}
