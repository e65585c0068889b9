import type { Request, Response } from 'express';
import { type OptionProblem, OptionsError } from 'keycloak-guard';
import { toBrowserEndpoints } from 'keycloak-guard/unstable/connect';
import { Config, type KeycloakConfig } from './config.ts';
import { findSettingProblems, judgeOptions, type KeycloakOptions } from './engine.ts';
import { type Callback, Grant } from './grant.ts';
import { GrantManager } from './grant-manager.ts';
import {
  createCheckSso,
  createEnforcer,
  createPathMiddleware,
  createProtect,
  type EnforcerOptions,
  type GuardFn,
} from './guards.ts';
import { denyAccess, type KeycloakHost, readGrant, settle } from './host.ts';
import { createMiddleware, type MiddlewareOptions } from './middleware.ts';
import type { AuthZRequest } from './permissions.ts';
import {
  type ConnectHandler,
  type ConnectRequest,
  type ConnectResponse,
  type Next,
  sessionOf,
} from './request.ts';
import { notifySettings } from './setting-notices.ts';
import { bearerStore, cookieStore, createSessionStore, type GrantStore } from './stores.ts';
import { Token } from './token.ts';

/**
 * keycloak-connect's constructor on the engine of keycloak-guard. Secures applications on Express 4 and 5.
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

  /** The settings that are in use. */
  config: Config;
  /** Gets, refreshes and validates tokens. */
  grantManager: GrantManager;
  /** Where grants come from: first the bearer token, then the session or cookie if there is one. */
  stores: GrantStore[];

  /**
   * @param options where grants are kept, and how tokens are checked
   * @param config the settings, or the path of a file with them. Default: `keycloak.json` in the working directory
   * @throws {OptionsError} naming every option and setting that is missing or wrong
   * @throws {Error} without options, with both `store` and `cookies`, or if the file cannot be read
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
    notifySettings(this.config, unknown, (notice) => this.grantManager.engine.verifier.notify(notice));
  }

  /**
   * Install it before every protected route. It puts the caller's tokens in `request.kauth.grant`, finishes logins that come
   * back from Keycloak, and answers `/logout` and Keycloak's pushes.
   *
   * @throws {OptionsError} for a value that is not a path
   * @example
   * app.use(keycloak.middleware({ logout: '/sign-out' }));
   */
  middleware(options?: MiddlewareOptions): ConnectHandler[] {
    // The first request need not wait for the keys.
    void this.grantManager.engine.verifier.load();
    return [createMiddleware(this, options)];
  }

  /**
   * Passes only if the caller is signed in and, with a `spec`, has the role or satisfies the function. A browser that is not
   * signed in is sent to Keycloak's login page, or refused if `redirectToLogin` returns false.
   *
   * @param spec `'editor'` (a role of this client), `'realm:admin'`, `'other-app:editor'`, or a function of the token
   * @throws {OptionsError} for any other `spec`: a list, an async function, an empty string
   * @example
   * app.get('/pages', keycloak.protect((token) => token.hasRole('editor') || token.hasRole('realm:admin')), show);
   */
  protect(spec?: string | GuardFn): ConnectHandler {
    return createProtect(this, spec);
  }

  /**
   * Passes only if Keycloak's authorization services grant the caller all of the permissions.
   *
   * @param permissions `'resource'`, `'resource:scope'`, or a list of these
   * @throws {OptionsError} for an empty list or a wrong option
   * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
   * @example
   * app.get('/albums', keycloak.enforcer(['album:view', 'photo:view']), show);
   */
  enforcer(permissions: string | readonly string[], config?: EnforcerOptions): ConnectHandler {
    return createEnforcer(this, permissions, config);
  }

  /**
   * Decides by path and method, as the policy enforcer of Keycloak's Java adapters does, by the member `policy-enforcer` of the
   * `keycloak.json`: every way in which a router can read the path must be permitted. Put it behind `middleware`, and before every
   * router and everything that rewrites paths. keycloak-connect has none.
   *
   * Without that member, the URIs of the resources in Keycloak are the paths, and each needs all scopes of its resource.
   *
   * @throws {OptionsError} for a wrong part of the configuration, or without a secret
   * @see Keycloak, Authorization Services Guide: "Policy enforcers"
   * @example
   * app.use(keycloak.middleware(), keycloak.pathEnforcer());
   */
  pathEnforcer(): ConnectHandler {
    return createPathMiddleware(this);
  }

  /**
   * Always passes, but first signs in a browser that has a session at Keycloak (`prompt=none`, OpenID Connect Core 1.0
   * §3.1.2.1).
   *
   * @example
   * app.get('/', keycloak.checkSso(), show);
   */
  checkSso(): ConnectHandler {
    return createCheckSso(this);
  }

  /**
   * Called after a login, when `request.kauth.grant` has the tokens. Does nothing until the application replaces it.
   *
   * @example
   * keycloak.authenticated = (request) => console.log('signed in', request.url);
   */
  authenticated(_request: Request): void {}

  /**
   * Called before a logout, while `request.kauth.grant` still has the tokens. Does nothing until the application replaces it.
   *
   * @example
   * keycloak.deauthenticated = (request) => console.log('signing out', request.url);
   */
  deauthenticated(_request: Request): void {}

  /**
   * Answers a refused request: 403 `Access denied`, or 401 with a challenge if the caller is unknown. `request.kauth.error`
   * says why the grant is missing. An application may replace it.
   *
   * @example
   * keycloak.accessDenied = (_request, response) => response.status(403).send('Not for you');
   */
  accessDenied(request: Request, response: Response, _next?: Next): void {
    denyAccess(request, response);
  }

  /**
   * Whether a browser that is not signed in is sent to the login page. False for bearer-only applications. An application
   * may replace it.
   *
   * @example
   * keycloak.redirectToLogin = (request) => !request.originalUrl.startsWith('/api/');
   */
  redirectToLogin(_request: Request): boolean {
    return !this.config.bearerOnly;
  }

  /**
   * The grant of a request's bearer token or session, refreshed if it has expired. A refreshed grant is stored again.
   *
   * @throws {Error} rejects with one without a valid grant
   * @example
   * const { access_token } = await keycloak.getGrant(request, response);
   */
  getGrant(request: ConnectRequest, response: ConnectResponse): Promise<Grant> {
    return readGrant(this, request, response);
  }

  /**
   * Stores a grant in the session. Does nothing for a request with a bearer token.
   *
   * @returns the grant, or `undefined` if it was not stored
   * @example
   * keycloak.storeGrant(grant, request, response);
   */
  storeGrant(
    grant: Grant | undefined,
    request: ConnectRequest,
    response: ConnectResponse,
  ): Grant | undefined {
    const [bearer, store] = this.stores;
    if (store === undefined || bearer?.get(request)) return undefined;
    if (!grant) {
      settle((this as KeycloakHost).accessDenied(request, response), response);
      return undefined;
    }
    store.wrap?.(grant);
    grant.store?.(request, response);
    return grant;
  }

  /**
   * Removes the grant of a session: the person has to sign in again.
   *
   * @example
   * keycloak.unstoreGrant(request.session.id);
   */
  unstoreGrant(sessionId: string): void {
    this.stores[1]?.clear?.(sessionId);
  }

  /**
   * Exchanges the code that the browser brought back, and stores the grant.
   *
   * @throws {Error} without `store` and `cookies`
   * @throws {Error} rejects with one, as `GrantManager.obtainFromCode` does
   * @example
   * const grant = await keycloak.getGrantFromCode(code, request, response);
   */
  getGrantFromCode(code: string, request: ConnectRequest, response: ConnectResponse): Promise<Grant> {
    if (this.stores.length < 2) throw new Error('Cannot exchange code for grant in bearer-only mode');
    return this.grantManager.obtainFromCode(request, code, sessionOf(request)?.id).then((grant) => {
      this.storeGrant(grant, request, response);
      return grant;
    });
  }

  /**
   * Asks Keycloak's authorization services, as `GrantManager.checkPermissions` does. Without `response_mode`, the new grant is
   * stored in the session.
   *
   * @throws {AuthError} rejects with one, as `GrantManager.checkPermissions` does
   * @example
   * const asked = { response_mode: 'permissions', permissions: [{ id: 'album', scopes: ['view'] }] };
   * const granted = await keycloak.checkPermissions(asked, request);
   */
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
   * Where to send the browser to log in. An application that calls this must check `state` itself and has no PKCE; `protect`
   * does both.
   *
   * @see OpenID Connect Core 1.0 §3.1.2.1
   * @example
   * const url = keycloak.loginUrl(state, 'http://localhost:3000/pages');
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

  /**
   * Where to send the browser to log out. Without an ID token, Keycloak asks the person to confirm and does not lead back.
   *
   * @see OpenID Connect RP-Initiated Logout 1.0 §2
   * @example
   * const url = keycloak.logoutUrl('http://localhost:3000/', grant.id_token?.token);
   */
  logoutUrl(redirectUrl?: string, idTokenHint?: string): string {
    const url = new URL(this.#endpoint('end_session'));
    if (redirectUrl && idTokenHint) {
      url.searchParams.set('id_token_hint', idTokenHint);
      url.searchParams.set('post_logout_redirect_uri', redirectUrl);
    }
    return url.href;
  }

  /**
   * Address of the account console, where people manage their own account.
   *
   * @example
   * const url = keycloak.accountUrl();
   */
  accountUrl(): string {
    return `${this.config.realmUrl}/account`;
  }

  /** The same as `grantManager.userInfo`. @deprecated Use that. */
  // biome-ignore lint/suspicious/noExplicitAny: the claims are set up in Keycloak
  getAccount(token: Token | string, callback?: Callback<any>): Promise<any> {
    return this.grantManager.getAccount(token, callback);
  }

  /** The settings that are in use. */
  getConfig(): Config & { realm: string; resource: string } {
    return this.config as Config & { realm: string; resource: string };
  }

  /** The address that browsers use, once the discovery document is known. */
  #endpoint(name: 'authorization' | 'end_session'): string {
    const { current, endpoints } = this.grantManager.engine.verifier.issuer;
    if (current === null) return name === 'authorization' ? endpoints.authorization : endpoints.logout;
    return toBrowserEndpoints(current, endpoints)[`${name}_endpoint`];
  }
}

/** The types, as members of the constructor: `KeycloakConnect.Token`. */
export declare namespace Keycloak {
  type Keycloak = InstanceType<typeof Keycloak>;
  type KeycloakConfig = import('./config.ts').KeycloakConfig;
  type KeycloakOptions = import('./engine.ts').KeycloakOptions;
  type Grant = import('./grant.ts').Grant;
  type GrantProperties = import('./grant.ts').GrantProperties;
  type GrantManager = import('./grant-manager.ts').GrantManager;
  type Token = import('./token.ts').Token;
  type GuardFn = import('./guards.ts').GuardFn;
  type GaurdFn = import('./guards.ts').GaurdFn;
  type EnforcerOptions = import('./guards.ts').EnforcerOptions;
  type AuthZRequest = import('./permissions.ts').AuthZRequest;
}
