import { type OptionProblem, OptionsError, type VerifierOptions } from '../../core/index.ts';
import { readSettingsFile, resolveReferences, toAdapterSettings } from '../connect/internal.ts';
import { KEYCLOAK_COOKIE_DEFAULT } from './constants.ts';
import type { KeycloakConnectConfig, KeycloakConnectOptions, NestKeycloakConfig } from './options.ts';

/** {@link KeycloakConnectConfig} with one name for each setting. */
export interface Settings {
  readonly multiTenant: NestKeycloakConfig['multiTenant'] | undefined;
  readonly tokenFrom: NestKeycloakConfig['tokenFrom'] | undefined;
  readonly isEnforcing: boolean;
  /** The settings as given, without the secret. */
  readonly shown: Readonly<KeycloakConnectConfig>;
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
  const { secret: _, credentials: __, verifier: ___, ...shown } = config;
  return {
    shown,
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
  } else if (tokenValidation !== undefined && !['online', 'offline'].includes(tokenValidation)) {
    problems.push({
      option: 'tokenValidation',
      rule: 'must be ONLINE or OFFLINE',
      example: 'TokenValidation.ONLINE',
    });
  }
  if (policyEnforcement !== undefined && !['enforcing', 'permissive'].includes(policyEnforcement)) {
    problems.push({
      option: 'policyEnforcement',
      rule: 'must be ENFORCING or PERMISSIVE',
      example: 'PolicyEnforcementMode.ENFORCING',
    });
  }
  if (!realm && typeof multiTenant?.realmResolver !== 'function') {
    problems.push({
      option: 'realm',
      rule: 'must be given, or multiTenant.realmResolver: it is not taken from an unchecked token',
      example: "'my-realm'",
    });
  }
  if (mustHaveAudience === false) {
    problems.push({
      option: 'verifyTokenAudience',
      rule: 'must not be false: a token for any other client would be accepted. Name the audience instead',
      example: "verifier: { audience: ['my-api', 'account'] }",
    });
  }
  return problems;
}

function findWarnings(config: KeycloakConnectConfig, publicKey: string | undefined): string[] {
  const warnings: string[] = [];
  if (config.roleMerge !== undefined) {
    warnings.push('roleMerge has no effect: the requirements of a class and of its handler must both be met');
  }
  if (publicKey !== undefined) {
    warnings.push('realm-public-key has no effect: the current keys of the realm are used');
  }
  return warnings;
}
