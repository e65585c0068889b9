import { createOwnToken, createSingleFlight, once, optionRules } from '../core/internal.ts';
import type {
  AuthorizationRequest,
  AuthorizationResponse,
  EndSessionRequest,
  StartedAuthorization,
} from './authorization-code.ts';
import type { ApiRequest } from './call-api.ts';
import { type ClientContext, type ClientOptions, createContext } from './context.ts';
import type {
  CodeExchange,
  DeviceGrantRequest,
  DevicePrompt,
  ExchangeRequest,
  PasswordGrantRequest,
  ServiceTokenRequest,
} from './grants.ts';
import type { Tokens } from './tokens.ts';

/** A token of this client itself, which is renewed before it expires. */
export interface ServiceToken {
  /**
   * The token. No call to Keycloak while it is good, and one at a time when it is not.
   *
   * @throws {ClientError} if the kept token has expired and Keycloak issues none
   */
  getAccessToken(): Promise<string>;
  /**
   * Asks for another one next time, because this one was refused.
   *
   * @param olderThanMs does nothing for a token that was issued later than that: it would only be refused again. Default 0
   */
  drop(token: string, olderThanMs?: number): void;
}

function createServiceToken(load: () => Promise<Tokens>): ServiceToken {
  const cached = createOwnToken(async () => {
    const { accessToken, expiresInSeconds } = await load();
    return { token: accessToken, expiresInSeconds: expiresInSeconds ?? 0 };
  }, optionRules.CLOCK.default);
  return { getAccessToken: cached.get, drop: cached.drop };
}

/** This service as an OAuth client of a realm. */
export interface KeycloakClient {
  readonly clientId: string;
  /** Bound on every call; what needs the discovery document first may take it twice. Unit: milliseconds. */
  readonly timeoutMs: number;
  /**
   * Logs a user in with a password (resource owner password credentials, RFC 6749 §4.3). RFC 9700 §2.4 advises
   * against this grant: prefer the authorization code flow where a browser is at hand.
   *
   * @throws {ClientError}
   */
  passwordGrant(request: PasswordGrantRequest): Promise<Tokens>;
  /**
   * New tokens for a refresh token (RFC 6749 §6). One call to Keycloak however many ask with the same refresh token
   * at the same time: all of them get its answer.
   *
   * @throws {ClientError} `invalid_credentials` if the refresh token is invalid
   */
  refresh(refreshToken: string): Promise<Tokens>;
  /**
   * Ends the Keycloak session that a refresh token belongs to, without a browser.
   *
   * @throws {ClientError} `invalid_credentials` if the refresh token is invalid
   */
  logout(refreshToken: string): Promise<void>;
  /**
   * Ends a Keycloak session with its access token, by Keycloak's account API. The user needs the client role
   * `manage-account` of the client `account`, and that client in `aud`: Keycloak's defaults.
   *
   * @throws {ClientError} `invalid_credentials` where Keycloak does not take the token: its session is over, it
   * expired, or `account` is not in its `aud`
   */
  endSession(accessToken: string, sessionId: string): Promise<void>;
  /**
   * Ends every other Keycloak session of the user, on all devices, as `endSession` does. That of the access token goes on.
   *
   * @throws {ClientError} as `endSession`
   */
  endOtherSessions(accessToken: string): Promise<void>;
  /**
   * A token of this client itself, that of its service account (RFC 6749 §4.4).
   *
   * @throws {ClientError}
   */
  clientCredentials(request?: ServiceTokenRequest): Promise<Tokens>;
  /**
   * The same, kept and renewed before it expires. It is a token provider of `@keycloak/keycloak-admin-client`.
   *
   * @example
   * adminClient.registerTokenProvider(client.serviceToken());
   */
  serviceToken(request?: ServiceTokenRequest): ServiceToken;
  /**
   * A token for another service in the name of a user, for the user's token (RFC 8693). It is good no longer than that one.
   * Needs Keycloak 26.2, and "Standard token exchange" of the client.
   *
   * @throws {ClientError} `invalid_credentials` if the user's token is invalid
   */
  exchange(request: ExchangeRequest): Promise<Tokens>;
  /**
   * Revokes one token (RFC 7009): a refresh token takes its session with it, an access token only itself.
   *
   * @throws {ClientError}
   */
  revoke(token: string): Promise<void>;
  /**
   * Calls an API with an access token of this client: with a DPoP proof where the token is bound to its key, else as a bearer
   * token. Returns any answer; redirects are not followed.
   *
   * @throws {TypeError} (rejects with it) without an answer, as `fetch` does; a `TimeoutError` after `timeoutMs`, unless a
   * signal is given
   * @example
   * const response = await client.callApi(tokens.accessToken, 'https://api.example.com/orders');
   */
  callApi(accessToken: string, url: string | URL, request?: ApiRequest): Promise<Response>;
  /**
   * Begins a login in the browser: authorization code flow with PKCE. No call to Keycloak but for its discovery
   * document.
   *
   * @throws {ClientError}
   */
  startAuthorization(request: AuthorizationRequest): Promise<StartedAuthorization>;
  /**
   * Ends such a login: exchanges the code that the browser brought back.
   *
   * @throws {AuthorizationError} where the response is an error, or does not belong to this login
   * @throws {ClientError} `invalid_credentials` where the code was used before or expired
   */
  finishAuthorization(response: AuthorizationResponse): Promise<Tokens>;
  /**
   * Exchanges a code for a program that has begun the login itself, with PKCE, and has checked the response.
   *
   * @throws {ClientError} `invalid_credentials` where the code was used before or expired
   */
  exchangeCode(exchange: CodeExchange): Promise<Tokens>;
  /**
   * Where to send the browser to sign out at Keycloak (RP-initiated logout).
   *
   * @throws {ClientError}
   */
  endSessionUrl(request: EndSessionRequest): Promise<string>;
  /**
   * Signs in a user who has a browser on another device (RFC 8628).
   *
   * @param onPrompt called once with what to show
   * @throws {ClientError}
   */
  deviceGrant(onPrompt: (prompt: DevicePrompt) => void, request?: DeviceGrantRequest): Promise<Tokens>;
}

/**
 * Creates a client. No I/O.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const client = createClient({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-app', clientSecret });
 */
export function createClient(options: ClientOptions): KeycloakClient {
  return toClient(createContext(options));
}

/** @param context checked before */
export function toClient(context: ClientContext): KeycloakClient {
  const singleFlight = createSingleFlight<Tokens>();
  // Applications that only check tokens never load it.
  const verbs = once(() => import('./verbs.ts'));
  return {
    clientId: context.clientId,
    timeoutMs: context.timeoutMs,
    passwordGrant: async (request) => (await verbs()).passwordGrant(context, request),
    refresh: async (refreshToken) => (await verbs()).refresh(context, singleFlight, refreshToken),
    logout: async (refreshToken) => (await verbs()).logout(context, refreshToken),
    endSession: async (accessToken, sessionId) => (await verbs()).endSession(context, accessToken, sessionId),
    endOtherSessions: async (accessToken) => (await verbs()).endOtherSessions(context, accessToken),
    clientCredentials: async (request) => (await verbs()).clientCredentials(context, request),
    serviceToken: (request) =>
      createServiceToken(async () => (await verbs()).clientCredentials(context, request)),
    exchange: async (request) => (await verbs()).exchange(context, request),
    revoke: async (token) => (await verbs()).revoke(context, token),
    callApi: async (accessToken, url, request) => (await verbs()).callApi(context, accessToken, url, request),
    startAuthorization: async (request) => (await verbs()).startAuthorization(context, request),
    finishAuthorization: async (response) => (await verbs()).finishAuthorization(context, response),
    exchangeCode: async (exchange) => (await verbs()).exchangeCode(context, exchange),
    endSessionUrl: async (request) => (await verbs()).endSessionUrl(context, request),
    deviceGrant: async (onPrompt, request) => (await verbs()).deviceGrant(context, onPrompt, request),
  };
}
