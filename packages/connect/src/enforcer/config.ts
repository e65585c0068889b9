import { type OptionProblem, OptionsError } from 'keycloak-guard';
import {
  findOptionProblems,
  isPlainObject,
  type OptionRule,
  type OptionRules,
  optionRules,
  type Permission,
  type PermitRule,
} from 'keycloak-guard/unstable/connect';
import { isPattern, PATTERN_RULE } from './paths.ts';

type ScopesMode = 'ALL' | 'ANY' | 'DISABLED';

/**
 * The member `policy-enforcer` of a `keycloak.json`, as Keycloak's Java adapters read it.
 *
 * @see Keycloak, Authorization Services Guide: "Policy enforcers"
 */
export interface PolicyEnforcerConfig {
  /** `ENFORCING` refuses a request that no path fits, `PERMISSIVE` admits it, `DISABLED` admits everything. Default `ENFORCING`. */
  readonly 'enforcement-mode'?: 'ENFORCING' | 'PERMISSIVE' | 'DISABLED';
  /** Paths to enforce. Default, also if empty: the URIs of the resources in Keycloak. */
  readonly paths?: readonly PathConfig[];
  /** Uses the method as the scope of a method without one. Default false. */
  readonly 'http-method-as-scope'?: boolean;
  /** Accepted, but without effect. */
  readonly 'lazy-load-paths'?: boolean;
  /** Accepted, but without effect. */
  readonly 'path-cache'?: object;
}

/** One path of a {@link PolicyEnforcerConfig}. */
export interface PathConfig {
  /** `/orders`, `/orders/{id}`, `/orders/*` or `/*.html`. */
  readonly path: string;
  /** Name of the resource. Default, without an `id`: the resource that has this path as a URI. */
  readonly name?: string;
  /** Id of the resource. */
  readonly id?: string;
  /** Accepted, but without effect. */
  readonly type?: string;
  /** Scopes by method. Default none. */
  readonly methods?: readonly MethodConfig[];
  /** Scopes for methods that `methods` does not name. Default none. */
  readonly scopes?: readonly string[];
  /** Whether `ALL` or `ANY` of `scopes` are needed; `DISABLED` opens the path for these methods. Default `ALL`. */
  readonly 'scopes-enforcement-mode'?: ScopesMode;
  /** `DISABLED` opens the path. Default `ENFORCING`. */
  readonly 'enforcement-mode'?: 'ENFORCING' | 'DISABLED';
}

/** The scopes that a method of a {@link PathConfig} needs. */
export interface MethodConfig {
  /** Method in capitals, for example `GET`. `HEAD` counts as `GET` unless it is named. */
  readonly method: string;
  /** Required, unless the mode is `DISABLED`. */
  readonly scopes?: readonly string[];
  /** Whether `ALL` or `ANY` of the scopes are needed; `DISABLED` opens the method. Default `ALL`. */
  readonly 'scopes-enforcement-mode'?: ScopesMode;
}

/** A resource by its name or id. */
export type ResourceName = { readonly resource: string } | { readonly resourceId: string };

const SCOPES: OptionRule = {
  rule: 'must be a list of scopes',
  example: "['view']",
  accepts: (value) => Array.isArray(value) && value.every(optionRules.isTrimmed),
};
const LIST: OptionRule = { rule: 'must be a list', example: '[]', accepts: Array.isArray };
const SCOPES_MODE = optionRules.oneOf('ALL', 'ANY', 'DISABLED');
const NAME = optionRules.string('must be a string that is not empty', "'orders'");

const CONFIG_RULES: OptionRules<PolicyEnforcerConfig> = {
  'enforcement-mode': optionRules.oneOf('ENFORCING', 'PERMISSIVE', 'DISABLED'),
  paths: LIST,
  'http-method-as-scope': optionRules.trueOrFalse(false),
  'lazy-load-paths': optionRules.trueOrFalse(false),
  'path-cache': { rule: 'must be an object', example: '{}', accepts: isPlainObject },
};
const PATH_RULES: OptionRules<PathConfig> = {
  path: optionRules.required({ rule: PATTERN_RULE, example: "'/orders/*'", accepts: isPattern }),
  ...{ name: NAME, id: NAME, type: NAME },
  methods: LIST,
  scopes: SCOPES,
  'scopes-enforcement-mode': SCOPES_MODE,
  'enforcement-mode': optionRules.oneOf('ENFORCING', 'DISABLED'),
};
const METHOD_RULES: OptionRules<MethodConfig> = {
  method: optionRules.required({
    rule: 'must be a method in capitals',
    example: "'GET'",
    accepts: (value) => /^[A-Z]+$/.test(String(value)),
  }),
  scopes: SCOPES,
  'scopes-enforcement-mode': SCOPES_MODE,
};

/** @throws {OptionsError} naming every part that is wrong, unknown or not supported */
export function checkEnforcerConfig(config: PolicyEnforcerConfig): void {
  const problems = [
    ...findProblems(config, CONFIG_RULES, ''),
    ...partsOf(config, 'paths').flatMap((path, index) => [
      ...findProblems(path, PATH_RULES, `paths[${index}]`),
      ...partsOf(path, 'methods').flatMap((method, at) =>
        findMethodProblems(method, `paths[${index}].methods[${at}]`),
      ),
    ]),
  ];
  if (problems.length > 0) throw new OptionsError('pathEnforcer', problems);
}

/** The entries of a list in a part of the configuration; none if it is no list, which its rule says. */
function partsOf(part: unknown, list: 'paths' | 'methods'): readonly unknown[] {
  const entries = (part as Readonly<Record<string, unknown>> | null)?.[list];
  return Array.isArray(entries) ? entries : [];
}

function findProblems<T extends object>(part: unknown, rules: OptionRules<T>, at: string): OptionProblem[] {
  if (!isPlainObject(part))
    return [{ option: at || 'policy-enforcer', rule: 'must be a plain object', example: '{ … }' }];
  return findOptionProblems(part, rules).map((one) => ({
    ...one,
    option: at === '' ? one.option : `${at}.${one.option}`,
  }));
}

function findMethodProblems(method: unknown, at: string): OptionProblem[] {
  const problems = findProblems(method, METHOD_RULES, at);
  const { scopes, 'scopes-enforcement-mode': mode } = Object(method) as MethodConfig;
  if (mode !== 'DISABLED' && !scopes?.length)
    problems.push({ option: `${at}.scopes`, rule: 'must name a scope', example: "['view']" });
  return problems;
}

/**
 * The rule of a method on a path: a rule, `open`, or `closed` if the path names other methods only. Stricter than the Java
 * adapters, which admit a method that is not named with any scope of the resource.
 */
export function ruleFor(
  path: PathConfig,
  of: ResourceName,
  method: string,
  isMethodScope: boolean,
): PermitRule | 'open' | 'closed' {
  const { methods = [], scopes = [] } = path;
  // RFC 9110 §9.3.2: HEAD is GET without a body.
  const byMethod =
    methods.find((one) => one.method === method) ??
    (method === 'HEAD' ? methods.find((one) => one.method === 'GET') : undefined);
  if (byMethod !== undefined) return toRule(of, byMethod.scopes ?? [], byMethod['scopes-enforcement-mode']);
  if (isMethodScope) return toRule(of, [method === 'HEAD' ? 'GET' : method], 'ALL');
  if (methods.length > 0 && scopes.length === 0) return 'closed';
  return toRule(of, scopes, path['scopes-enforcement-mode']);
}

/** All that a path asks for, whatever the method. */
export function permissionsOf(path: PathConfig, of: ResourceName, isMethodScope: boolean): Permission[] {
  if (path['enforcement-mode'] === 'DISABLED') return [];
  const { methods = [], scopes = [] } = path;
  const isForOthers = !isMethodScope && (methods.length === 0 || scopes.length > 0);
  return [...methods, ...(isForOthers ? [path] : [])].flatMap((part) => {
    if (part['scopes-enforcement-mode'] === 'DISABLED') return [];
    const needed = part.scopes ?? [];
    return needed.length === 0 ? [of] : needed.map((scope) => ({ ...of, scope }));
  });
}

function toRule(of: ResourceName, scopes: readonly string[], mode: ScopesMode = 'ALL'): PermitRule | 'open' {
  if (mode === 'DISABLED') return 'open';
  if (scopes.length === 0) return of;
  const rules = scopes.map((scope) => ({ ...of, scope }));
  return mode === 'ANY' ? { anyOf: rules } : { allOf: rules };
}
