import * as oauth from 'oauth4webapi';
import { callKeycloak } from './call.ts';
import type { ClientContext } from './context.ts';
import { AuthorizationError } from './errors.ts';
import { toTokens } from './token-response.ts';
import type { Tokens } from './tokens.ts';

/** The request that a browser is sent to Keycloak with. */
export interface AuthorizationRequest {
  /** Where Keycloak sends the browser back to; registered at the client, the same when the code is exchanged. */
  readonly redirectUri: string;
  /** Scopes, separated by one space. Default `openid`. */
  readonly scope?: string | undefined;
  /**
   * Other parameters of the authorization endpoint, for example `{ prompt: 'login' }`. What `max_age` asks for is held
   * against the answer, because the user of the browser can remove it from the URL.
   */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
}

/** A login that has begun. All but `url` is secret, and must be kept where only the same browser can bring it back. */
export interface StartedAuthorization {
  /** Where to send the browser. */
  readonly url: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The requested `max_age`. Unit: seconds. */
  readonly maxAgeSeconds?: number;
}

/** The callback, and the login that was started. */
export interface AuthorizationResponse extends Omit<StartedAuthorization, 'url'> {
  /** The redirect URI with the query that Keycloak added. */
  readonly callbackUrl: string;
}

/**
 * Begins a login with the authorization code flow: PKCE with S256 (RFC 7636), `state`, `nonce`.
 *
 * @throws {TypeError} if `max_age` is not a whole number of seconds
 * @see RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 9700 §2.1.1
 */
export async function startAuthorization(
  context: ClientContext,
  request: AuthorizationRequest,
): Promise<StartedAuthorization> {
  const maxAge = readMaxAge(request.parameters?.max_age);
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const codeVerifier = oauth.generateRandomCodeVerifier();
  const codeChallenge = await oauth.calculatePKCECodeChallenge(codeVerifier);
  const thumbprint = await context.dpop?.thumbprint();
  const url = await callKeycloak(context, {}, async ({ server }) =>
    withQuery(server.authorization_endpoint, {
      ...request.parameters,
      // RFC 9449 §10: the code is of no use to another key.
      ...(thumbprint === undefined ? {} : { dpop_jkt: thumbprint }),
      client_id: context.clientId,
      response_type: 'code',
      redirect_uri: request.redirectUri,
      scope: request.scope ?? 'openid',
      state,
      nonce,
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
    }),
  );
  return { url, state, nonce, codeVerifier, ...maxAge };
}

function readMaxAge(text: string | undefined): Pick<StartedAuthorization, 'maxAgeSeconds'> {
  if (text === undefined) return {};
  if (/^\d{1,9}$/.test(text)) return { maxAgeSeconds: Number(text) };
  throw new TypeError('startAuthorization: max_age must be a whole number of seconds');
}

/**
 * Exchanges the code for tokens. Checked: `state`, `iss` of the response (RFC 9207), the nonce and all claims of the
 * ID token, `auth_time` where `max_age` was asked for (OpenID Connect Core §3.1.3.7 step 13). PKCE is checked by Keycloak.
 *
 * @throws {AuthorizationError} where the response is an error, or is not for this login
 */
export async function finishAuthorization(
  context: ClientContext,
  response: AuthorizationResponse,
): Promise<Tokens> {
  const { callbackUrl, state, nonce, codeVerifier, maxAgeSeconds } = response;
  const hidden = [codeVerifier, new URL(callbackUrl).searchParams.get('code') ?? ''];
  const url = new URL(callbackUrl);
  const redirectUri = `${url.origin}${url.pathname}`;
  return callKeycloak(context, { hidden }, async ({ server, client, authentication, options }) => {
    const parameters = readResponse(server, client, url, state);
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      redirectUri,
      codeVerifier,
      options(),
    );
    return toTokens(
      await oauth
        .processAuthorizationCodeResponse(server, client, answer, {
          expectedNonce: nonce,
          ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds }),
        })
        .catch(toAuthorizationError),
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
  return callKeycloak(context, {}, async ({ server }) =>
    withQuery(server.end_session_endpoint, {
      client_id: context.clientId,
      post_logout_redirect_uri: postLogoutRedirectUri,
      ...(idToken === undefined ? {} : { id_token_hint: idToken }),
    }),
  );
}

/** `state`, `iss`, a parameter twice, an error of Keycloak's: what can be told before it is called. */
function readResponse(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  url: URL,
  state: string,
): URLSearchParams {
  try {
    const parameters = oauth.validateAuthResponse(server, client, url, state);
    if (parameters.getAll('code').length === 1) return parameters;
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError)
      throw new AuthorizationError('refused', error.error);
  }
  throw new AuthorizationError('invalid_response', undefined);
}

/** An ID token of another login means that the code was injected (RFC 9700 §4.5), or the login is older than it may be. */
function toAuthorizationError(error: unknown): never {
  const isOfAnother = error instanceof oauth.OperationProcessingError && isOfAnotherLogin(error.cause);
  throw isOfAnother ? new AuthorizationError('invalid_response', undefined) : error;
}

/** @param cause what oauth4webapi found: the claims, and which one was another than expected */
function isOfAnotherLogin(cause: unknown): boolean {
  const { claim, claims } = (cause ?? {}) as { claim?: string; claims?: { nonce?: unknown } };
  return claim === 'nonce' || claim === 'auth_time' || (claims !== undefined && claims.nonce === undefined);
}

function withQuery(endpoint: string | undefined, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint as string);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
