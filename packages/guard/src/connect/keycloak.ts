import { toBrowserEndpoints } from '../client/internal.ts';
import { type OptionProblem, OptionsError } from '../core/index.ts';
import type { Callback } from './callback.ts';
import { Config } from './config.ts';
import { denyAccess } from './deny.ts';
import { createEnforcer, type EnforcerOptions } from './enforcer.ts';
import { findSettingProblems } from './engine.ts';
import { Grant } from './grant.ts';
import { GrantManager } from './grant-manager.ts';
import { readGrant } from './held-grant.ts';
import type { KeycloakHost } from './host.ts';
import type { KeycloakConfig } from './keycloak-config.ts';
import { createMiddleware, type MiddlewareOptions } from './middleware.ts';
import { judgeOptions, type KeycloakOptions } from './options.ts';
import type { AuthZRequest } from './permissions.ts';
import { createCheckSso, createProtect, type GuardFn } from './protect.ts';
import {
  type ConnectHandler,
  type ConnectRequest,
  type ConnectResponse,
  type Next,
  sessionOf,
} from './request.ts';
import { tellOfSettings } from './setting-notices.ts';
import { bearerStore, cookieStore, createSessionStore, type GrantStore } from './stores.ts';
import { Token } from './token.ts';

/**
 * keycloak-connect's constructor, on the engine of keycloak-guard: secures applications of Express 4 and 5.
 *
 * Every method may be replaced, on the prototype or on one object.
 *
 * @example
 * const memoryStore = new session.MemoryStore();
 * app.use(session({ secret, resave: false, saveUninitialized: false, store: memoryStore }));
 * const keycloak = new Keycloak({ store: memoryStore });
 * app.use(keycloak.middleware());
 * app.get('/admin', keycloak.protect('realm:admin'), (request, response) => response.send('Hello'));
 */
export class Keycloak implements KeycloakHost {
  static readonly Keycloak = Keycloak;
  static readonly Config = Config;
  static readonly Grant = Grant;
  static readonly GrantManager = GrantManager;
  static readonly Token = Token;

  config: Config;
  grantManager: GrantManager;
  stores: GrantStore[];

  /**
   * @param options where sessions are kept, and how tokens are checked
   * @param config the settings, or the path of a file that has them. Default: `keycloak.json` in the working directory
   * @throws {OptionsError} naming every option and setting that is missing or wrong
   */
  constructor(options: KeycloakOptions, config?: KeycloakConfig | string) {
    if (!options) throw new Error('Adapter configuration must be provided.');
    const { store, cookies, scope, idpHint, ...engineOptions } = options;
    if (store && cookies) throw new Error('Either `store` or `cookies` may be set, but not both');
    this.config = new Config(config);
    const { problems, unknown } = judgeOptions(options);
    const all: OptionProblem[] = [...problems, ...findSettingProblems(this.config)];
    if (all.length > 0) throw new OptionsError('Keycloak', all);
    for (const name of unknown) delete (engineOptions as Record<string, unknown>)[name];
    this.config.scope = scope;
    this.config.idpHint = idpHint;
    this.grantManager = new GrantManager(this.config, engineOptions);
    this.stores = [bearerStore];
    if (store) this.stores.push(createSessionStore(store));
    else if (cookies) this.stores.push(cookieStore);
    tellOfSettings(this.config, unknown, (notice) => this.grantManager.engine.verifier.notify(notice));
  }

  /**
   * To be installed before everything that is protected: reads who is calling into `request.kauth.grant`, takes what comes
   * back from Keycloak, and answers `/logout` and Keycloak's pushes.
   *
   * @throws {OptionsError} for a path that is none
   */
  middleware(options?: MiddlewareOptions): ConnectHandler[] {
    // The first request need not wait for the keys.
    void this.grantManager.engine.verifier.load();
    return [createMiddleware(this, options)];
  }

  /**
   * Lets pass who is signed in and, if a `spec` is given, has the role or passes the function. Who is not signed in is sent
   * to Keycloak's login page and comes back, or is denied, as `redirectToLogin` says.
   *
   * @param spec `'editor'` (a role of this client), `'realm:admin'`, `'other-app:editor'`, or a function of the token
   * @throws {OptionsError} for anything else: a list, an async function, an empty text
   * @example
   * app.get('/pages', keycloak.protect((token) => token.hasRole('editor') || token.hasRole('realm:admin')), show);
   */
  protect(spec?: string | GuardFn): ConnectHandler {
    return createProtect(this, spec);
  }

  /**
   * Lets pass to whom Keycloak's authorization services grant every one of the permissions.
   *
   * @param permissions `'resource'`, `'resource:scope'`, or a list of these
   * @throws {OptionsError} for an empty list, or an option that is wrong
   * @example
   * app.get('/albums', keycloak.enforcer(['album:view', 'photo:view']), show);
   */
  enforcer(permissions: string | readonly string[], config?: EnforcerOptions): ConnectHandler {
    return createEnforcer(this, permissions, config);
  }

  /** Signs in who is signed in at Keycloak, and lets everybody pass. */
  checkSso(): ConnectHandler {
    return createCheckSso(this);
  }

  /** Called after a login; `request.kauth.grant` has the tokens. To be replaced. */
  authenticated(_request: ConnectRequest): void {}

  /** Called before a logout; `request.kauth.grant` still has the tokens. To be replaced. */
  deauthenticated(_request: ConnectRequest): void {}

  /**
   * Answers who is refused: 403 `Access denied`; 401 with a challenge where it is not known who is calling. To be replaced.
   * `request.kauth.error` says why there is no grant.
   */
  accessDenied(request: ConnectRequest, response: ConnectResponse, _next?: Next): void {
    denyAccess(request, response);
  }

  /** Whether who is not signed in is sent to the login page: not for bearer-only applications. To be replaced. */
  redirectToLogin(_request: ConnectRequest): boolean {
    return !this.config.bearerOnly;
  }

  /** The grant of a request: of its bearer token, or of its session, which gets it back where it was refreshed. */
  getGrant(request: ConnectRequest, response: ConnectResponse): Promise<Grant> {
    return readGrant(this, request, response);
  }

  /** Keeps a grant where sessions are kept; not one of a bearer token. */
  storeGrant(
    grant: Grant | undefined,
    request: ConnectRequest,
    response: ConnectResponse,
  ): Grant | undefined {
    const [bearer, store] = this.stores;
    if (store === undefined || bearer?.get(request)) return undefined;
    if (!grant) {
      this.accessDenied(request, response);
      return undefined;
    }
    store.wrap?.(grant);
    grant.store?.(request, response);
    return grant;
  }

  /** Takes the grant of a session away: the person has to log in again. */
  unstoreGrant(sessionId: string): void {
    this.stores[1]?.clear?.(sessionId);
  }

  /** Exchanges a code that the browser of this request brought back, and keeps the grant. */
  getGrantFromCode(code: string, request: ConnectRequest, response: ConnectResponse): Promise<Grant> {
    if (this.stores.length < 2) throw new Error('Cannot exchange code for grant in bearer-only mode');
    return this.grantManager.obtainFromCode(request, code, sessionOf(request)?.id).then((grant) => {
      this.storeGrant(grant, request, response);
      return grant;
    });
  }

  /** Asks Keycloak's authorization services. Without `response_mode` the grant that comes back is kept in the session. */
  checkPermissions(
    authzRequest: AuthZRequest,
    request: ConnectRequest,
    // biome-ignore lint/suspicious/noExplicitAny: JSON
    callback?: (permissions: any) => unknown,
  ): Promise<Grant> {
    return this.grantManager.checkPermissions(authzRequest, request, callback).then((grant) => {
      const { res } = request as ConnectRequest & { res?: ConnectResponse };
      if (!authzRequest.response_mode && res !== undefined) this.storeGrant(grant, request, res);
      return grant;
    });
  }

  /**
   * Where to send the browser to log in. An application that calls it itself has to check `state` itself, and is not
   * protected by PKCE: `protect` does both.
   */
  loginUrl(state?: string, redirectUrl?: string): string {
    const { clientId, scope, idpHint } = this.config;
    const query = [
      ['client_id', clientId],
      ['state', state],
      ['redirect_uri', redirectUrl],
      ['scope', scope ? `openid ${scope}` : 'openid'],
      ['response_type', 'code'],
      ...(idpHint ? [['kc_idp_hint', idpHint]] : []),
    ].map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
    return `${this.#endpoint('authorization')}?${query.join('&')}`;
  }

  /** Where to send the browser to log out. Without an ID token Keycloak asks the person, and leads back nowhere. */
  logoutUrl(redirectUrl?: string, idTokenHint?: string): string {
    const url = new URL(this.#endpoint('end_session'));
    if (redirectUrl && idTokenHint) {
      url.searchParams.set('id_token_hint', idTokenHint);
      url.searchParams.set('post_logout_redirect_uri', redirectUrl);
    }
    return url.href;
  }

  /** Where people see to their account. */
  accountUrl(): string {
    return `${this.config.realmUrl}/account`;
  }

  /** @deprecated `grantManager.userInfo` is the same. */
  // biome-ignore lint/suspicious/noExplicitAny: what Keycloak tells is set up there
  getAccount(token: Token | string, callback?: Callback<any>): Promise<any> {
    return this.grantManager.getAccount(token, callback);
  }

  getConfig(): Config {
    return this.config;
  }

  /** By the address that browsers use, as soon as Keycloak has told it. */
  #endpoint(name: 'authorization' | 'end_session'): string {
    const { current, endpoints } = this.grantManager.engine.verifier.issuer;
    if (current === null) return name === 'authorization' ? endpoints.authorization : endpoints.logout;
    return toBrowserEndpoints(current, endpoints)[`${name}_endpoint`];
  }
}

/** The types by the names that they have as members of the constructor: `KeycloakConnect.Token`. */
export declare namespace Keycloak {
  type Keycloak = InstanceType<typeof Keycloak>;
  type KeycloakConfig = import('./keycloak-config.ts').KeycloakConfig;
  type KeycloakOptions = import('./options.ts').KeycloakOptions;
  type Grant = import('./grant.ts').Grant;
  type GrantProperties = import('./grant.ts').GrantProperties;
  type GrantManager = import('./grant-manager.ts').GrantManager;
  type Token = import('./token.ts').Token;
  type GuardFn = import('./protect.ts').GuardFn;
  type EnforcerOptions = import('./enforcer.ts').EnforcerOptions;
  type AuthZRequest = import('./permissions.ts').AuthZRequest;
}
