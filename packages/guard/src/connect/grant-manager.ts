import { type ClientContext, requestTokens } from '../client/internal.ts';
import { answer, type Callback } from './callback.ts';
import type { Config } from './config.ts';
import { createEngine, type Engine } from './engine.ts';
import { Grant, type GrantProperties } from './grant.ts';
import { introspect, readUserinfo } from './live-answers.ts';
import { loginOf } from './login.ts';
import type { EngineOptions } from './options.ts';
import { type Authorization, type AuthZRequest, createAuthorization } from './permissions.ts';
import { toStatusError } from './refusal.ts';
import { createRenewal } from './renewal.ts';
import { type ConnectRequest, sessionOf } from './request.ts';
import { assertNonce, assertSameUser } from './same-login.ts';
import { Token } from './token.ts';
import { createTokenVerdict } from './token-verdict.ts';

/** A grant as Keycloak answers it, or as an application brings it: JSON, or the same as an object. */
export type GrantData = string | { readonly [name: string]: unknown };

/**
 * Gets grants from Keycloak, keeps them fresh, and judges what is in them. Every method that waits answers by a promise, or
 * by a callback where one is given.
 *
 * Messages are keycloak-connect's; what exactly happened is the error's `cause`: an `AuthError` or a `ClientError`.
 */
export class GrantManager {
  realmUrl: string;
  clientId: string | undefined;
  /** Not enumerable: whoever prints the manager does not print it. */
  declare secret: string | undefined;
  publicKey: string | undefined;
  public: boolean | string;
  bearerOnly: boolean | string;
  /** Tokens that were issued before that are refused. Unit: seconds since 1970. */
  notBefore = 0;
  verifyTokenAudience: boolean | undefined;
  #engine: Engine | undefined;
  readonly #createEngine: () => Engine;
  readonly #judge = createTokenVerdict(() => this.engine);
  readonly #renew = createRenewal();
  /**
   * Not for applications.
   *
   * @internal
   */
  declare readonly authorization: Authorization;

  constructor(config: Config, options: EngineOptions = {}) {
    this.realmUrl = config.realmUrl;
    this.clientId = config.clientId;
    Object.defineProperty(this, 'secret', { value: config.secret, writable: true, configurable: true });
    this.publicKey = config.publicKey;
    this.public = config.public;
    this.bearerOnly = config.bearerOnly;
    this.verifyTokenAudience = config.verifyTokenAudience;
    this.#createEngine = () => createEngine(config, options);
    Object.defineProperty(this, 'authorization', { value: createAuthorization(() => this.engine) });
  }

  /**
   * What does the work. Not for applications.
   *
   * @throws {OptionsError} naming every setting that is missing or wrong
   * @internal
   */
  get engine(): Engine {
    this.#engine ??= this.#createEngine();
    return this.#engine;
  }

  /** Logs a user in with a password (RFC 6749 §4.3). RFC 9700 §2.4 advises against it. */
  obtainDirectly(
    username: string,
    password: string,
    callback?: Callback<Grant>,
    scope = 'openid',
  ): Promise<Grant> {
    const fields = { username, password, scope };
    return answer(this.#obtain('password', fields, [password]), callback);
  }

  /**
   * Exchanges the code that a browser brought back. Of a login that this middleware began, PKCE and nonce are checked; of
   * one that the application began, nothing but what Keycloak checks.
   *
   * @param sessionId told to Keycloak, which names it when it pushes a logout (`k_logout`)
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

  /** A grant of this application itself: its client needs a service account (RFC 6749 §4.4). */
  obtainFromClientCredentials(callback?: Callback<Grant>, scope = 'openid'): Promise<Grant> {
    return answer(this.#obtain('client_credentials', { scope }, []), callback);
  }

  /**
   * Asks Keycloak's authorization services for permissions of the caller of a request. With `response_mode` the answer is
   * what Keycloak said; without, it is a grant whose access token has them.
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

  /** The grant itself while its access token is good, else a new one for its refresh token: one call for all who ask. */
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
   * Asks Keycloak whether an access token is good (RFC 7662).
   *
   * @returns the token, or `false`
   */
  validateAccessToken<T extends Token | string>(
    token: T,
    callback?: Callback<T | false>,
  ): Promise<T | false> {
    const asked = introspect(this.#client, toText(token)).then((isActive): T | false => isActive && token);
    return answer(asked.catch(rethrow), callback);
  }

  /** What Keycloak tells of the user of an access token (OpenID Connect Core 1.0 §5.3). */
  // biome-ignore lint/suspicious/noExplicitAny: what it tells is set up in Keycloak
  userInfo<C = any>(token: Token | string, callback?: Callback<C>): Promise<C> {
    return answer(readUserinfo(this.#client, toText(token)) as Promise<C>, callback);
  }

  /** @deprecated `userInfo` is the same. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  getAccount<C = any>(token: Token | string, callback?: Callback<C>): Promise<C> {
    return this.userInfo<C>(token, callback);
  }

  isGrantRefreshable(grant: GrantProperties): boolean {
    return !this.bearerOnly && Boolean(grant?.refresh_token);
  }

  /**
   * Makes a grant of what Keycloak answered, or of an access token that somebody brought: refreshed where it has to be,
   * and validated.
   *
   * @param data JSON, or an object with `access_token` and what else there is
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
    return this.validateGrant(this.isGrantRefreshable(grant) ? await this.ensureFreshness(grant) : grant);
  }

  /** Rejects unless access token and ID token of a grant are good. */
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

  /** Rejects unless a token is good. Its fields are judged as they stand, its signature as it came. */
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
