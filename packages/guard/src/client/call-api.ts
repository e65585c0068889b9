import * as oauth from 'oauth4webapi';
import { readCompactJws } from '../core/internal.ts';
import type { ClientContext } from './context.ts';

/** A request to an API, as of `fetch`. Redirects are not followed: they could lead the token elsewhere. */
export interface ApiRequest {
  /** Default `GET`. */
  readonly method?: string | undefined;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: string | Uint8Array<ArrayBuffer> | URLSearchParams | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls an API with an access token: with a proof where the token is bound to the key of this client (RFC 9449 §7.1), with
 * the nonce that the API asks for (§9), otherwise as a bearer token. Returns answers of any status.
 */
export async function callApi(
  context: ClientContext,
  accessToken: string,
  url: string | URL,
  request: ApiRequest = {},
): Promise<Response> {
  const key = isBound(accessToken) ? await context.dpop?.handle() : undefined;
  const target = new URL(url);
  const send = () =>
    oauth.protectedResourceRequest(
      accessToken,
      request.method ?? 'GET',
      target,
      new Headers(request.headers),
      request.body,
      {
        ...(key === undefined ? {} : { DPoP: key }),
        [oauth.customFetch]: (address, init) => context.fetch(address, init as RequestInit),
        // The URL is the caller's own.
        [oauth.allowInsecureRequests]: target.protocol === 'http:',
        signal: request.signal ?? AbortSignal.timeout(context.timeoutMs),
      },
    );
  try {
    return await send().catch((error: unknown) => {
      if (key !== undefined && oauth.isDPoPNonceError(error)) return send();
      throw error;
    });
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
    throw error;
  }
}

/** What cannot be read is not Keycloak's, and may be bound: a proof does no harm. */
function isBound(accessToken: string): boolean {
  try {
    const { cnf } = readCompactJws(accessToken).payload();
    return (cnf as { jkt?: unknown } | undefined)?.jkt !== undefined;
  } catch {
    return true;
  }
}
