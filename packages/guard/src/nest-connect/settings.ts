import { readFileSync } from 'node:fs';
import { type OptionProblem, OptionsError, type VerifierOptions } from '../core/index.ts';
import type { KeycloakConnectConfig, KeycloakConnectOptions, NestKeycloakConfig } from './options.ts';

/** {@link KeycloakConnectConfig} by one name each. */
export interface Settings {
  readonly multiTenant: NestKeycloakConfig['multiTenant'] | undefined;
  readonly tokenFrom: NestKeycloakConfig['tokenFrom'] | undefined;
  readonly isEnforcing: boolean;
  readonly cookieKey: string;
  /** Of the one tenant, or what all have in common. */
  readonly verifier: Partial<VerifierOptions>;
  /** What the operator should know about settings that no longer do what they did. */
  readonly warnings: readonly string[];
}

/** @throws {OptionsError} naming every setting that is missing, or would open a hole */
export function readSettings(options: KeycloakConnectOptions, more: NestKeycloakConfig = {}): Settings {
  const given: KeycloakConnectConfig = {
    ...(typeof options === 'string' ? readFile(options) : options),
    ...more,
  };
  const config = resolveReferences(given) as KeycloakConnectConfig;
  const problems = findProblems(config);
  if (problems.length > 0) throw new OptionsError('KeycloakConnectModule', problems);
  const clientId = config.resource || config['client-id'] || config.clientId;
  const mustHaveAudience = config['verify-token-audience'] ?? config.verifyTokenAudience;
  return {
    multiTenant: config.multiTenant,
    tokenFrom: config.tokenFrom,
    isEnforcing: config.policyEnforcement === 'enforcing',
    cookieKey: config.cookieKey ?? 'KEYCLOAK_JWT',
    verifier: {
      serverUrl:
        config['auth-server-url'] || config['server-url'] || config.serverUrl || config.authServerUrl,
      realm: config.realm,
      clientId,
      clientSecret: config.credentials?.secret || config.secret || undefined,
      tokenCheck: config.tokenValidation === 'offline' ? 'local' : 'recheck',
      ...(mustHaveAudience === true && { audience: clientId }),
      ...config.verifier,
    } as Partial<VerifierOptions>,
    warnings: findWarnings(config),
  };
}

function findProblems(config: KeycloakConnectConfig): OptionProblem[] {
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
      rule: 'must be given, or multiTenant.realmResolver: it is not taken from a token that nobody has checked',
      example: "'my-realm'",
    });
  }
  if ((config['verify-token-audience'] ?? config.verifyTokenAudience) === false) {
    problems.push({
      option: 'verifyTokenAudience',
      rule: 'must not be false: a token for any other client would do. Name what aud has instead',
      example: "verifier: { audience: ['my-api', 'account'] }",
    });
  }
  return problems;
}

function findWarnings(config: KeycloakConnectConfig): string[] {
  const warnings: string[] = [];
  if (config.roleMerge !== undefined) {
    warnings.push(
      'roleMerge has no effect: what a class requires and what its handler requires must both be met',
    );
  }
  if (config['realm-public-key'] || config.realmPublicKey) {
    warnings.push('realm-public-key has no effect: the keys are those of the realm, which change');
  }
  return warnings;
}

function readFile(path: string): KeycloakConnectConfig {
  return JSON.parse(readFileSync(path, 'utf8')) as KeycloakConnectConfig;
}

const REFERENCE = /\$\{env\.([^:}]+)(?::([^}]*))?\}/g;

/** `${env.NAME}`, or `${env.NAME:otherwise}`; what is not set is empty. */
function resolveReferences(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(REFERENCE, (_, name: string, otherwise = '') => process.env[name] || otherwise);
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolveReferences(one)]));
}
