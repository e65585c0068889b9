import type { TokenReaders } from '../../adapters/nest/internal.ts';
import type { VerifierOptions } from '../../core/index.ts';
import type { KeycloakConfig } from '../connect/index.ts';
import type { PolicyEnforcementMode, RoleMerge, TokenValidation } from './constants.ts';

/** How to find the realm of a request. */
export interface MultiTenantOptions {
  /** Has no effect: the resolvers are called for every request. */
  readonly resolveAlways?: boolean;
  /**
   * Returns the realm of a request, for example by its host, or `null` to refuse it. Check the host against a list: the
   * caller chooses it.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmResolver: (request: any) => string | null | undefined | Promise<string | null | undefined>;
  /** Secret of the client. Default: that of the options. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmSecretResolver?: (realm: string, request?: any) => string | Promise<string>;
  /** Keycloak's address. Default: that of the options. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmAuthServerUrlResolver?: (realm: string, request?: any) => string | Promise<string>;
  /** Client id. Default: that of the options. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmClientIdResolver?: (realm: string, request?: any) => string | Promise<string>;
}

/** Settings of nest-keycloak-connect beside those of keycloak-connect. */
export interface NestKeycloakConfig {
  /** Name of a cookie that holds an access token. The app's cookie parser has to read it. Default `KEYCLOAK_JWT`. */
  readonly cookieKey?: string;
  /** What `ResourceGuard` does with a handler without resource or scopes. Default `PERMISSIVE`. */
  readonly policyEnforcement?: PolicyEnforcementMode;
  /** How tokens are checked. Default `ONLINE`. `NONE` is refused. */
  readonly tokenValidation?: TokenValidation;
  /** Serves several realms. Default: one realm, that of the settings. */
  readonly multiTenant?: MultiTenantOptions;
  /** Has no effect: the requirements of a class and of its handler must both be met. */
  readonly roleMerge?: RoleMerge;
  /** Has no effect: everything is logged by Nest's logger. */
  readonly logLevels?: readonly string[];
  /** Has no effect: everything is logged by Nest's logger. */
  readonly useNestLogger?: boolean;
  /** Where to find the token of a message that does not come by HTTP. Microservice messages are refused without it. */
  readonly tokenFrom?: TokenReaders;
  /** Other options of the verifier, for example `{ audience: 'account' }` or `{ tokenCheck: 'remote' }`. */
  readonly verifier?: Partial<VerifierOptions>;
}

/** Settings of keycloak-connect, each by every name that it has there. */
export interface KeycloakConnectConfig extends NestKeycloakConfig, KeycloakConfig {
  /** Name of the realm. Required without `multiTenant.realmResolver`: it is never taken from an unchecked token. */
  readonly realm?: string | undefined;
  /** Secret of the client. `ResourceGuard` needs it. Without it, no token is introspected. */
  readonly credentials?: KeycloakConfig['credentials'];
  /**
   * `true`: `aud` must name this client. `false` is refused: name the audience with `verifier: { audience: … }`. Default:
   * `aud` names this client, or the token was issued to it (`azp`).
   */
  readonly 'verify-token-audience'?: KeycloakConfig['verify-token-audience'];
  /** Has no effect: the realm's current keys are used. */
  readonly 'realm-public-key'?: string | undefined;
  /** Has no effect, like `realm-public-key`. */
  readonly realmPublicKey?: string | undefined;
}

/** The settings, or the path of a `keycloak.json`. */
export type KeycloakConnectOptions = string | KeycloakConnectConfig;

/** A provider that makes the options. */
export interface KeycloakConnectOptionsFactory {
  /** Returns the options, or a promise of them. */
  createKeycloakConnectOptions(): KeycloakConnectOptions | Promise<KeycloakConnectOptions>;
}
