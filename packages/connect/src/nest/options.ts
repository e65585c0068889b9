import { type OptionProblem, OptionsError, type VerifierOptions } from 'keycloak-guard';
import type { TokenReaders } from 'keycloak-guard/unstable/nest';
import { readSettingsFile, resolveReferences, toAdapterSettings } from '../express/config.ts';
import type { KeycloakConfig } from '../index.ts';
import {
  KEYCLOAK_COOKIE_DEFAULT,
  type PolicyEnforcementMode,
  type RoleMerge,
  type TokenValidation,
} from './constants.ts';

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
  /** Whether `ResourceGuard` refuses a handler without resource or scopes. Default `PERMISSIVE`: it does not. */
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

/** {@link KeycloakConnectConfig} with one name for each setting. */
export interface Settings {
  readonly multiTenant: NestKeycloakConfig['multiTenant'] | undefined;
  readonly tokenFrom: NestKeycloakConfig['tokenFrom'] | undefined;
  readonly isEnforcing: boolean;
  /** The settings as given, without the secret. */
  readonly withoutSecret: Readonly<KeycloakConnectConfig>;
  readonly cookieKey: string;
  /** Options of the only tenant, or those that all tenants share. */
  readonly verifier: Partial<VerifierOptions>;
  /** Strings for the operator about settings that have no effect any more. */
  readonly warnings: readonly string[];
}

/** @throws {OptionsError} naming every setting that is missing or unsafe */
export function readSettings(options: KeycloakConnectOptions, more: NestKeycloakConfig = {}): Settings {
  const config: KeycloakConnectConfig = resolveReferences({
    ...(typeof options === 'string' ? (readSettingsFile(options) as KeycloakConnectConfig) : options),
    ...more,
  });
  const settings = toAdapterSettings(config);
  const problems = findProblems(config, settings.mustHaveAudience);
  if (problems.length > 0) throw new OptionsError('KeycloakConnectModule', problems);
  const { serverUrl, realm, clientId, secret, mustHaveAudience } = settings;
  const { secret: _, credentials: __, verifier: ___, ...withoutSecret } = config;
  return {
    withoutSecret,
    multiTenant: config.multiTenant,
    tokenFrom: config.tokenFrom,
    isEnforcing: config.policyEnforcement === 'enforcing',
    cookieKey: config.cookieKey ?? KEYCLOAK_COOKIE_DEFAULT,
    verifier: {
      ...{ serverUrl, realm, clientId, clientSecret: secret },
      tokenCheck: config.tokenValidation === 'offline' ? 'local' : 'recheck',
      ...(mustHaveAudience && { audience: clientId }),
      ...config.verifier,
    } as Partial<VerifierOptions>,
    warnings: findWarnings(config, settings.publicKey),
  };
}

function findProblems(config: KeycloakConnectConfig, mustHaveAudience: boolean | undefined): OptionProblem[] {
  const problems: OptionProblem[] = [];
  const { tokenValidation, policyEnforcement, realm, multiTenant } = config;
  if (tokenValidation === 'none') {
    problems.push({
      option: 'tokenValidation',
      rule: 'must not be NONE: anybody could write a token. In tests, use tokens of @keycloak-guard/testing',
      example: 'TokenValidation.OFFLINE',
    });
  } else if (tokenValidation !== undefined && !['online', 'offline'].includes(tokenValidation))
    problems.push({
      option: 'tokenValidation',
      rule: 'must be ONLINE or OFFLINE',
      example: 'TokenValidation.ONLINE',
    });
  if (policyEnforcement !== undefined && !['enforcing', 'permissive'].includes(policyEnforcement))
    problems.push({
      option: 'policyEnforcement',
      rule: 'must be ENFORCING or PERMISSIVE',
      example: 'PolicyEnforcementMode.ENFORCING',
    });
  if (!realm && typeof multiTenant?.realmResolver !== 'function')
    problems.push({
      option: 'realm',
      rule: 'must be given, or multiTenant.realmResolver: it is not taken from an unchecked token',
      example: "'my-realm'",
    });
  if (mustHaveAudience === false)
    problems.push({
      option: 'verifyTokenAudience',
      rule: 'must not be false: a token for any other client would be accepted. Name the audience instead',
      example: "verifier: { audience: ['my-api', 'account'] }",
    });
  return problems;
}

function findWarnings(config: KeycloakConnectConfig, publicKey: string | undefined): string[] {
  const warnings: string[] = [];
  if (config.roleMerge !== undefined)
    warnings.push('roleMerge has no effect: the requirements of a class and of its handler must both be met');
  if (publicKey !== undefined)
    warnings.push('realm-public-key has no effect: the current keys of the realm are used');
  return warnings;
}
