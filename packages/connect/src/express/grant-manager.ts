import { type ClientContext, requestTokens } from 'keycloak-guard/unstable/connect';
import { type Config, hideSecret } from './config.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import {
  answer,
  type Callback,
  createRenewal,
  Grant,
  type GrantProperties,
  introspect,
  readUserinfo,
  toStatusError,
} from './grant.ts';
import { loginOf } from './login.ts';
import { type Authorization, type AuthZRequest, createAuthorization } from './permissions.ts';
import { type ConnectRequest, sessionOf } from './request.ts';
import { Token } from './token.ts';
import { assertNonce, assertSameUser, createTokenVerdict } from './token-verdict.ts';

/** A grant as Keycloak's token endpoint answers it: JSON, or the same as an object (RFC 6749 §5.1). */
export type GrantData = string | GrantProperties | { readonly [name: string]: unknown };

/**
 * Gets grants from Keycloak, refreshes them and validates their tokens. Asynchronous methods return a promise, or call the
 * callback if one is given.
 *
 * Error messages are keycloak-connect's. The `cause` says what exactly happened: an `AuthError` or a `ClientError`.
 *
 * @example
 * const manager = new GrantManager(new Config('./keycloak.json'));
 * const grant = await manager.obtainFromClientCredentials();
 */
export class GrantManager {
  /** Address of the realm. */
  realmUrl: string;
  /** Client id of this application. */
  clientId: string | undefined;
  /** The client's secret. Printing the manager does not show it. */
  declare secret: string | undefined;
  /** The only key that may sign tokens, as PEM. `undefined`: the realm's current keys. */
  publicKey: string | undefined;
  /** Whether the client is a public one. */
  public: boolean | string;
  /** Whether login with the browser is off. */
  bearerOnly: boolean | string;
  /** Tokens issued before this are refused. Unit: seconds since 1970. Default 0. */
  notBefore = 0;
  /** Whether `aud` must name this client. `undefined` if not set. */
  verifyTokenAudience: boolean | undefined;
  #engine: Engine | undefined;
  readonly #createEngine: () => Engine;
  readonly #judge = createTokenVerdict(() => this.engine);
  readonly #renew = createRenewal();
  /**
   * Asks for permissions. Not for applications.
   *
   * @internal
   */
  declare readonly authorization: Authorization;

  constructor(config: Config, options: EngineOptions = {}) {
    this.realmUrl = config.realmUrl;
    this.clientId = config.clientId;
    hideSecret(this, config.secret);
    this.publicKey = config.publicKey;
    this.public = config.public;
    this.bearerOnly = config.bearerOnly;
    this.verifyTokenAudience = config.verifyTokenAudience;
    this.#createEngine = () => createEngine(config, options);
    Object.defineProperty(this, 'authorization', { value: createAuthorization(() => this.engine) });
  }

  /**
   * The engine, made at first use. Not for applications.
   *
   * @throws {OptionsError} naming every setting that is missing or wrong
   * @internal
   */
  get engine(): Engine {
    this.#engine ??= this.#createEngine();
    return this.#engine;
  }

  /**
   * Logs a user in with a password (RFC 6749 §4.3). RFC 9700 §2.4 advises against it.
   *
   * @param scope default `openid`
   * @throws {Error} rejects with one: `<status>:<status text>` if Keycloak refuses, `Grant validation failed` for a bad token
   * @example
   * const grant = await keycloak.grantManager.obtainDirectly('abdullah', password);
   */
  obtainDirectly(
    username: string,
    password: string,
    callback?: Callback<Grant>,
    scope = 'openid',
  ): Promise<Grant> {
    // A flow of the realm may ask for none.
    const fields = { username, password: password ?? '', scope };
    return answer(this.#obtain('password', fields, [fields.password].filter(Boolean)), callback);
  }

  /**
   * Exchanges the code that a browser brought back (RFC 6749 §4.1.3). PKCE and nonce are checked for a login that this
   * middleware began. For a login that the application began, only Keycloak's own checks apply.
   *
   * @param sessionId sent to Keycloak, which names it when it pushes a logout (`k_logout`)
   * @throws {Error} rejects with one, as `obtainDirectly` does
   * @example
   * const grant = await keycloak.grantManager.obtainFromCode(request, code);
   */
  obtainFromCode(
    request: ConnectRequest,
    code: string,
    sessionId?: string,
    sessionHost?: string,
    callback?: Callback<Grant>,
  ): Promise<Grant> {
    const login = loginOf(request);
    const session = typeof request === 'object' && request !== null ? sessionOf(request) : undefined;
    const fields = {
      code: String(code ?? ''),
      ...(sessionId ? { client_session_state: sessionId } : {}),
      ...(sessionHost ? { client_session_host: sessionHost } : {}),
      redirect_uri: login?.redirectUri ?? session?.auth_redirect_uri ?? '',
      ...(login === undefined ? {} : { code_verifier: login.codeVerifier }),
    };
    const hidden = [fields.code, login?.codeVerifier ?? ''].filter(Boolean);
    return answer(this.#obtain('authorization_code', fields, hidden, login?.nonce), callback);
  }

  /**
   * Gets a grant for the application itself (RFC 6749 §4.4). Its client needs a service account.
   *
   * @param scope default `openid`
   * @throws {Error} rejects with one, as `obtainDirectly` does
   * @example
   * const { access_token } = await keycloak.grantManager.obtainFromClientCredentials();
   */
  obtainFromClientCredentials(callback?: Callback<Grant>, scope = 'openid'): Promise<Grant> {
    return answer(this.#obtain('client_credentials', { scope }, []), callback);
  }

  /**
   * Asks Keycloak's authorization services for permissions of a request's caller. Resolves to Keycloak's answer with
   * `response_mode`, and to a grant whose access token carries the permissions without it.
   *
   * @throws {Error} rejects with one: an `AuthError` `permission_denied` if nothing is granted, or another `AuthError`
   * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
   * @example
   * const asked = { response_mode: 'permissions', permissions: [{ id: 'album', scopes: ['view'] }] };
   * const granted = await keycloak.grantManager.checkPermissions(asked, request);
   */
  checkPermissions(
    authzRequest: AuthZRequest,
    request: ConnectRequest,
    callback?: (permissions: unknown) => unknown,
  ): Promise<Grant> {
    return Promise.resolve()
      .then(() => this.authorization.ask(authzRequest, request))
      .then((text) => {
        if (!authzRequest.response_mode) return this.createGrant(text);
        const permissions: unknown = JSON.parse(text);
        callback?.(permissions);
        return permissions as Grant;
      })
      .catch(rethrow);
  }

  /**
   * Resolves to the grant itself until its access token expires, then to a new one (RFC 6749 §6). Concurrent callers share
   * one request to Keycloak.
   *
   * @throws {Error} rejects with one if the refresh token is missing, has expired, or is refused by Keycloak
   * @example
   * const fresh = await keycloak.grantManager.ensureFreshness(grant);
   */
  ensureFreshness(grant: Grant, callback?: Callback<Grant>): Promise<Grant> {
    return answer(this.#refresh(grant), callback);
  }

  async #refresh(grant: Grant): Promise<Grant> {
    if (!grant.isExpired()) return grant;
    const { refresh_token: refreshToken } = grant;
    if (!refreshToken) throw new Error('Unable to refresh without a refresh token');
    if (refreshToken.isExpired()) throw new Error('Unable to refresh with expired refresh token');
    const { token } = refreshToken;
    const text = await this.#renew(token, () =>
      this.#request('refresh_token', { refresh_token: token }, [token]),
    );
    return this.createGrant(text);
  }

  /**
   * Asks Keycloak whether an access token is active (RFC 7662).
   *
   * @returns the token, or `false`
   * @throws {Error} rejects with one if Keycloak gives no answer
   * @example
   * const isActive = (await keycloak.grantManager.validateAccessToken(token)) !== false;
   */
  validateAccessToken<T extends Token | string>(
    token: T,
    callback?: Callback<T | false>,
  ): Promise<T | false> {
    const answered = introspect(this.#client, toText(token)).then((isActive): T | false => isActive && token);
    return answer(answered.catch(rethrow), callback);
  }

  /**
   * Asks Keycloak for the claims of an access token's user (OpenID Connect Core 1.0 §5.3).
   *
   * @throws {Error} rejects with `Error fetching account`
   * @example
   * const { email } = await keycloak.grantManager.userInfo(token);
   */
  // biome-ignore lint/suspicious/noExplicitAny: the claims are set up in Keycloak
  userInfo<C = any>(token: Token | string, callback?: Callback<C>): Promise<C>;
  userInfo<T extends Token | string, C>(token: T, callback?: Callback<C>): Promise<C>;
  userInfo<C>(token: Token | string, callback?: Callback<C>): Promise<C> {
    return answer(readUserinfo(this.#client, toText(token)) as Promise<C>, callback);
  }

  /** The same as `userInfo`. @deprecated Use `userInfo`. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  getAccount<C = any>(token: Token | string, callback?: Callback<C>): Promise<C> {
    return this.userInfo<C>(token, callback);
  }

  /** Whether a grant has a refresh token, and this application uses it: a bearer-only one does not. */
  isGrantRefreshable(grant: GrantProperties): boolean {
    return !this.bearerOnly && Boolean(grant?.refresh_token);
  }

  /**
   * Makes a grant from Keycloak's answer or from an access token, refreshes it if it has expired, and validates it.
   *
   * @param data JSON, or an object with `access_token` and, if there are any, `refresh_token` and `id_token`
   * @throws {Error} rejects with one if the grant cannot be refreshed, or a token is bad
   * @example
   * const grant = await keycloak.grantManager.createGrant({ access_token: token });
   */
  async createGrant(data: GrantData): Promise<Grant> {
    const read = typeof data === 'object' ? data : (JSON.parse(data) as Record<string, unknown>);
    const { access_token, refresh_token, id_token } = read;
    const grant = new Grant({
      access_token: access_token ? new Token(access_token as string, this.clientId) : undefined,
      refresh_token: refresh_token ? new Token(refresh_token as string) : undefined,
      id_token: id_token ? new Token(id_token as string) : undefined,
      expires_in: read.expires_in as number | undefined,
      token_type: read.token_type as string | undefined,
      __raw: data as string,
    });
    const fresh = this.isGrantRefreshable(grant) ? await this.ensureFreshness(grant) : grant;
    return await this.validateGrant(fresh);
  }

  /**
   * Validates the access token and the ID token of a grant. Resolves to the grant.
   *
   * @throws {Error} rejects with `Grant validation failed. Reason: …`
   * @example
   * await keycloak.grantManager.validateGrant(grant);
   */
  async validateGrant(grant: Grant): Promise<Grant> {
    try {
      grant.access_token = await this.validateToken(grant.access_token, 'Bearer');
      if (!this.bearerOnly && grant.id_token) {
        grant.id_token = await this.validateToken(grant.id_token, 'ID');
        assertSameUser(grant.access_token, grant.id_token);
      }
    } catch (error) {
      throw new Error(`Grant validation failed. Reason: ${(error as Error).message}`, { cause: error });
    }
    return grant;
  }

  /**
   * Validates a token: its signature as it was sent, its fields as they are now. Resolves to the token.
   *
   * @param expectedType the claim `typ`: `Bearer` for an access token, `ID` for an ID token
   * @throws {Error} rejects with `invalid token (…)`
   * @example
   * await keycloak.grantManager.validateToken(grant.access_token, 'Bearer');
   */
  validateToken(token: Token | undefined, expectedType?: string): Promise<Token> {
    return this.#judge(token, expectedType, this);
  }

  get #client(): ClientContext {
    return this.engine.client;
  }

  async #obtain(
    grantType: string,
    fields: Readonly<Record<string, string>>,
    hidden: readonly string[],
    nonce?: string,
  ): Promise<Grant> {
    const text = await this.#request(grantType, fields, hidden);
    if (nonce !== undefined) assertNonce(text, nonce);
    return this.createGrant(text);
  }

  #request(
    grantType: string,
    fields: Readonly<Record<string, string>>,
    hidden: readonly string[],
  ): Promise<string> {
    return Promise.resolve()
      .then(() => requestTokens(this.#client, grantType, fields, { hidden }))
      .catch(rethrow);
  }
}

function toText(token: Token | string): string {
  return typeof token === 'object' ? token.token : token;
}

function rethrow(error: unknown): never {
  throw toStatusError(error);
}
