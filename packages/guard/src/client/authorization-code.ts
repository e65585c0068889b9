import * as oauth from 'openid-client';
import { callKeycloak } from './call.ts';
import type { ClientContext } from './context.ts';
import { AuthorizationError } from './errors.ts';
import { type Tokens, toTokens } from './tokens.ts';

/** What a browser is sent to Keycloak with. */
export interface AuthorizationRequest {
  /** Where Keycloak sends the browser back to; registered at the client, the same when the code is exchanged. */
  readonly redirectUri: string;
  /** Scopes, separated by one space. Default `openid`. */
  readonly scope?: string | undefined;
  /** Other parameters of the authorization endpoint, for example `{ prompt: 'login' }`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** A login that has begun. All but `url` is secret, and must be kept where only the same browser can bring it back. */
export interface StartedAuthorization {
  /** Where to send the browser. */
  readonly url: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What came back, and what was begun. */
export interface AuthorizationResponse extends Omit<StartedAuthorization, 'url'> {
  /** The redirect URI with the query that Keycloak added. */
  readonly callbackUrl: string;
}

/**
 * Begins a login with the authorization code flow: PKCE with S256 (RFC 7636), `state`, `nonce`.
 *
 * @see RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 9700 §2.1.1
 */
export async function startAuthorization(
  context: ClientContext,
  request: AuthorizationRequest,
): Promise<StartedAuthorization> {
  const state = oauth.randomState();
  const nonce = oauth.randomNonce();
  const codeVerifier = oauth.randomPKCECodeVerifier();
  const url = await callKeycloak(context, {}, async (configuration) =>
    oauth.buildAuthorizationUrl(configuration, {
      ...request.parameters,
      redirect_uri: request.redirectUri,
      scope: request.scope ?? 'openid',
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    }),
  );
  return { url: url.href, state, nonce, codeVerifier };
}

/**
 * Exchanges the code for tokens. Checked: `state`, `iss` of the response (RFC 9207), the nonce and all claims of the
 * ID token. PKCE is checked by Keycloak.
 *
 * @throws {AuthorizationError} where the response is an error, or is not for this login
 */
export async function finishAuthorization(
  context: ClientContext,
  response: AuthorizationResponse,
): Promise<Tokens> {
  const { callbackUrl, state, nonce, codeVerifier } = response;
  const hidden = [codeVerifier, new URL(callbackUrl).searchParams.get('code') ?? ''];
  return callKeycloak(context, { hidden }, async (configuration) => {
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier };
    const url = new URL(callbackUrl);
    return toTokens(
      await oauth.authorizationCodeGrant(configuration, url, checks).catch((error: unknown) => {
        throw toAuthorizationError(error);
      }),
    );
  });
}

/** Where the browser goes to be signed out at Keycloak as well. */
export interface EndSessionRequest {
  /** Without one Keycloak asks the user first. */
  readonly idToken?: string | undefined;
  /** Where Keycloak sends the browser afterwards; registered at the client. */
  readonly postLogoutRedirectUri: string;
}

/** @see OpenID Connect RP-Initiated Logout 1.0 §2 */
export async function endSessionUrl(context: ClientContext, request: EndSessionRequest): Promise<string> {
  const { idToken, postLogoutRedirectUri } = request;
  const url = await callKeycloak(context, {}, async (configuration) =>
    oauth.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: postLogoutRedirectUri,
      ...(idToken === undefined ? {} : { id_token_hint: idToken }),
    }),
  );
  return url.href;
}

function toAuthorizationError(error: unknown): unknown {
  if (error instanceof oauth.AuthorizationResponseError) {
    return new AuthorizationError('refused', error.error);
  }
  if (!(error instanceof oauth.ClientError)) return error;
  // Found before Keycloak is called: `state`, `iss`, a parameter twice, no code.
  const isEarly = !ABOUT_THE_ANSWER.includes(error.code ?? '');
  return isEarly || isAboutNonce(error) ? new AuthorizationError('invalid_response', undefined) : error;
}

/** What openid-client says about the token endpoint's answer, or about the way to it. */
const ABOUT_THE_ANSWER = [
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
];

/** An ID token to another login: a code that was injected (RFC 9700 §4.5). */
function isAboutNonce(error: oauth.ClientError): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const detail = cause.cause as { claim?: unknown } | undefined;
    if (detail?.claim === 'nonce' || /"nonce"/.test(cause.message)) return true;
  }
  return false;
}
