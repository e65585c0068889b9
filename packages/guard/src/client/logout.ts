import * as oauth from 'oauth4webapi';
import { processRevocationResponse, revocationRequest } from 'oauth4webapi';
import { toJsonObject } from '../core/internal.ts';
import { callKeycloak, type OAuthApi } from './call.ts';
import { callApi } from './call-api.ts';
import type { ClientContext } from './context.ts';
import { ClientError } from './errors.ts';

/**
 * Keycloak's own logout for a client that holds a refresh token: server to server, 204.
 *
 * @see Keycloak: Securing applications, "OpenID Connect endpoints", logout endpoint
 */
export async function logout(context: ClientContext, refreshToken: string): Promise<void> {
  await callKeycloak(context, { hidden: [refreshToken] }, async (api) => {
    if (api.dpop !== undefined) {
      assertDone(await requestWithProof(api, context.issuer.endpoints.logout, refreshToken));
      return;
    }
    const response = await api.authenticated(context.issuer.endpoints.logout, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ refresh_token: refreshToken }),
      signal: AbortSignal.timeout(context.timeoutMs),
    });
    assertDone(response);
  });
}

/**
 * Ends a session with its access token alone, by Keycloak's account API: on the authority of the user, who
 * needs the client role `manage-account` of `account`, as users have by default.
 */
export const endSession = (context: ClientContext, accessToken: string, sessionId: string): Promise<void> =>
  endByAccount(context, accessToken, `/account/sessions/${encodeURIComponent(sessionId)}`);

/** Ends all sessions of the user but the one of the access token, in the same way. */
export const endOtherSessions = (context: ClientContext, accessToken: string): Promise<void> =>
  endByAccount(context, accessToken, '/account/sessions?current=false');

async function endByAccount(context: ClientContext, accessToken: string, path: string): Promise<void> {
  const isTaken = await callKeycloak(context, { hidden: [accessToken] }, async (api) => {
    const response = await callApi(
      { ...context, fetch: api.fetch as typeof fetch },
      accessToken,
      `${context.issuer.baseUrl}${path}`,
      { method: 'DELETE', headers: { accept: 'application/json' } },
    );
    // Here the client does not authenticate: a 401 of Keycloak's, which is JSON, is about the token.
    if (response.status === 401 && toJsonObject(await response.text()) !== undefined) return false;
    assertDone(response);
    return true;
  });
  if (!isTaken) throw new ClientError(NOT_TAKEN);
}

const NOT_TAKEN = {
  id: 'token-not-taken',
  kind: 'invalid_credentials',
  cause:
    "Keycloak's account API does not take the access token: it is over, or is not for the client account",
  fix: 'The user logs in again. If the token is good, the client account must be in its aud.',
} as const;

/** oauth4webapi has no logout by refresh token; a pushed request is the same on the wire: client, parameters and proof. */
function requestWithProof(api: OAuthApi, url: string, refreshToken: string): Promise<Response> {
  const { server, client, authentication, options } = api;
  return oauth.pushedAuthorizationRequest(
    { ...server, pushed_authorization_request_endpoint: url },
    client,
    authentication,
    { refresh_token: refreshToken },
    options(),
  );
}

/** 204 and no other: 200 is the page of a proxy, and the session goes on. Why is read where the call ends. */
function assertDone({ status }: Response): void {
  if (status !== 204) throw new Error('refused');
}

/** RFC 7009. Keycloak answers 200 for a token it does not know. */
export async function revoke(context: ClientContext, token: string): Promise<void> {
  await callKeycloak(context, { hidden: [token] }, async ({ server, client, authentication, options }) =>
    processRevocationResponse(await revocationRequest(server, client, authentication, token, options())),
  );
}
