import * as oauth from 'oauth4webapi';
import { notCached } from '../core/internal.ts';
import type { ClientContext } from './context.ts';
import { type DpopKey, isBound } from './dpop.ts';

/** A request to an API, as of `fetch`. Redirects are not followed: they could lead the token elsewhere. */
export interface ApiRequest {
  /** Default `GET`. */
  readonly method?: string | undefined;
  readonly headers?: ConstructorParameters<typeof Headers>[0];
  readonly body?: string | Uint8Array | URLSearchParams | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls an API with an access token: with a proof where the token is bound to the key of this client, otherwise as a bearer
 * token. Returns answers of any status.
 */
export async function callApi(
  context: ClientContext,
  accessToken: string,
  url: string | URL,
  { method = 'GET', headers, body, signal = AbortSignal.timeout(context.timeoutMs) }: ApiRequest = {},
): Promise<Response> {
  const target = new URL(url);
  const key = isBound(accessToken) ? context.dpop : undefined;
  const request = { url: target, method, headers: new Headers(headers), isSentAgain: true };
  return sendWithToken(key, accessToken, request, (carried) => {
    const init = { ...notCached(), method, headers: carried, redirect: 'manual' as const, signal };
    return context.fetch(target.href, body === undefined ? init : { ...init, body: body as BodyInit | null });
  });
}

/** The request that a proof is made for. */
export interface ProvenRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** Whether the body can be sent twice. */
  readonly isSentAgain: boolean;
}

/**
 * Sends a request with a token: with a proof of the key, if one is given (RFC 9449 §7.1), and once more with the nonce that the
 * service asks for (§9).
 *
 * @param send sends it once, with these headers
 */
export async function sendWithToken(
  key: DpopKey | undefined,
  accessToken: string,
  { url, method, headers, isSentAgain }: ProvenRequest,
  send: (headers: Record<string, string>) => Promise<Response>,
): Promise<Response> {
  headers.delete('authorization');
  const handle = await key?.handle();
  const sendOnce = () =>
    oauth.protectedResourceRequest(accessToken, method, url, headers, undefined, {
      ...(handle === undefined ? {} : { DPoP: handle }),
      [oauth.customFetch]: (_, init) => send(init.headers),
      // The URL is the caller's own.
      [oauth.allowInsecureRequests]: url.protocol === 'http:',
    });
  try {
    return await sendOnce().catch(async (error: unknown) => {
      if (handle === undefined || !isSentAgain || !oauth.isDPoPNonceError(error)) throw error;
      await (error as oauth.WWWAuthenticateChallengeError).response.body?.cancel();
      return sendOnce();
    });
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
    throw error;
  }
}
