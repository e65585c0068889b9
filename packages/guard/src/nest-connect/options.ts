import type { VerifierOptions } from '../core/index.ts';
import type { TokenReaders } from '../nest/internal.ts';
import type { PolicyEnforcementMode, RoleMerge, TokenValidation } from './constants.ts';

/** How the realm of a request is found. */
export interface MultiTenantOptions {
  /** Has no effect: the resolvers are called for every request. */
  readonly resolveAlways?: boolean;
  /**
   * The realm of a request, for example by its host; `null` where there is none, and nobody gets in. It should know its
   * realms: who calls chooses the host.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmResolver: (request: any) => string | null | undefined | Promise<string | null | undefined>;
  /** Default: the secret of the options. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmSecretResolver?: (realm: string, request?: any) => string | Promise<string>;
  /** Default: the address of the options. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmAuthServerUrlResolver?: (realm: string, request?: any) => string | Promise<string>;
  /** Default: the client id of the options. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly realmClientIdResolver?: (realm: string, request?: any) => string | Promise<string>;
}

/** What nest-keycloak-connect adds to the settings of keycloak-connect. */
export interface NestKeycloakConfig {
  /** A cookie that holds an access token, read by a cookie parser of yours. Default `KEYCLOAK_JWT`. */
  readonly cookieKey?: string;
  /** Default `PERMISSIVE`. */
  readonly policyEnforcement?: PolicyEnforcementMode;
  /** Default `ONLINE`. `NONE` is refused. */
  readonly tokenValidation?: TokenValidation;
  readonly multiTenant?: MultiTenantOptions;
  /** Has no effect: class and handler must both be met. */
  readonly roleMerge?: RoleMerge;
  /** Has no effect: what is logged goes to Nest's logger. */
  readonly logLevels?: readonly string[];
  readonly useNestLogger?: boolean;
  /** Where the token of a message stands that does not come by HTTP. Without it such messages are refused. */
  readonly tokenFrom?: TokenReaders;
  /** Any other option of a verifier, for example `{ audience: 'account' }` or `{ tokenCheck: 'remote' }`. */
  readonly verifier?: Partial<VerifierOptions>;
}

/** Settings of keycloak-connect, each by all its names. */
export interface KeycloakConnectConfig extends NestKeycloakConfig {
  /** Required, unless `multiTenant.realmResolver` finds it: it is never taken from a token that was not checked. */
  readonly realm?: string;
  readonly resource?: string;
  readonly 'client-id'?: string;
  readonly clientId?: string;
  readonly credentials?: { readonly secret?: string };
  readonly secret?: string;
  readonly 'auth-server-url'?: string;
  readonly 'server-url'?: string;
  readonly serverUrl?: string;
  readonly authServerUrl?: string;
  /** `true`: `aud` has to have this client. `false` is refused: name what `aud` has, with `verifier: { audience: … }`. */
  readonly 'verify-token-audience'?: boolean;
  readonly verifyTokenAudience?: boolean;
  /** Not used: the keys are those of the realm. */
  readonly 'realm-public-key'?: string;
  readonly realmPublicKey?: string;
  /** Whatever else a `keycloak.json` has is not read, as it never was. */
  readonly [name: string]: unknown;
}

/** The settings, or the path of a `keycloak.json`. */
export type KeycloakConnectOptions = string | KeycloakConnectConfig;

/** A provider that makes the options. */
export interface KeycloakConnectOptionsFactory {
  createKeycloakConnectOptions(): KeycloakConnectOptions | Promise<KeycloakConnectOptions>;
}
