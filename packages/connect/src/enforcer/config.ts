import { type OptionProblem, OptionsError } from 'keycloak-guard';
import { isPlainObject, type Permission, type PermitRule } from 'keycloak-guard/unstable/connect';
import { whyNoPattern } from './paths.ts';

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

type Problems = OptionProblem[];
const MODES = ['ALL', 'ANY', 'DISABLED'];
const MEMBERS: Readonly<Record<'config' | 'path' | 'method', ReadonlySet<string>>> = {
  config: new Set(['enforcement-mode', 'paths', 'http-method-as-scope', 'lazy-load-paths', 'path-cache']),
  path: new Set([
    'path',
    'name',
    'id',
    'type',
    'methods',
    'scopes',
    'scopes-enforcement-mode',
    'enforcement-mode',
  ]),
  method: new Set(['method', 'scopes', 'scopes-enforcement-mode']),
};

/** @throws {OptionsError} naming every part that is wrong, unknown or not supported */
export function checkEnforcerConfig(config: PolicyEnforcerConfig): void {
  const problems: Problems = [];
  if (!checkMembers(config, 'config', 'config', problems)) throw new OptionsError('pathEnforcer', problems);
  checkOneOf(
    config['enforcement-mode'],
    ['ENFORCING', 'PERMISSIVE', 'DISABLED'],
    'enforcement-mode',
    problems,
  );
  checkOneOf(config['http-method-as-scope'], [true, false], 'http-method-as-scope', problems);
  checkOneOf(config['lazy-load-paths'], [true, false], 'lazy-load-paths', problems);
  const cache = config['path-cache'];
  if (cache !== undefined && !isPlainObject(cache))
    problems.push({ option: 'path-cache', rule: 'must be an object', example: '{}' });
  const { paths = [] } = config;
  if (!Array.isArray(paths)) problems.push({ option: 'paths', rule: 'must be a list', example: '[]' });
  else for (const [index, path] of paths.entries()) checkPath(path, `paths[${index}]`, problems);
  if (problems.length > 0) throw new OptionsError('pathEnforcer', problems);
}

function checkPath(path: PathConfig, at: string, problems: Problems): void {
  if (!checkMembers(path, 'path', at, problems)) return;
  const why = whyNoPattern(path.path);
  if (why !== undefined) problems.push({ option: `${at}.path`, rule: why, example: "'/orders/*'" });
  for (const member of ['name', 'id', 'type'] as const) {
    const value: unknown = path[member];
    if (value === undefined || (typeof value === 'string' && value !== '')) continue;
    problems.push({ option: `${at}.${member}`, rule: 'must be a non-empty string', example: "'orders'" });
  }
  checkOneOf(path['enforcement-mode'], ['ENFORCING', 'DISABLED'], `${at}.enforcement-mode`, problems);
  checkScopes(path, at, problems);
  const { methods = [] } = path;
  if (!Array.isArray(methods))
    problems.push({ option: `${at}.methods`, rule: 'must be a list', example: '[]' });
  else
    for (const [index, method] of methods.entries()) checkMethod(method, `${at}.methods[${index}]`, problems);
}

function checkMethod(method: MethodConfig, at: string, problems: Problems): void {
  if (!checkMembers(method, 'method', at, problems)) return;
  if (!/^[A-Z]+$/.test(String(method.method)))
    problems.push({ option: `${at}.method`, rule: 'must be a method in capitals', example: "'GET'" });
  checkScopes(method, at, problems);
  if (method['scopes-enforcement-mode'] !== 'DISABLED' && (method.scopes ?? []).length === 0)
    problems.push({ option: `${at}.scopes`, rule: 'must name a scope', example: "['view']" });
}

function checkScopes(part: MethodConfig | PathConfig, at: string, problems: Problems): void {
  const { scopes = [] } = part;
  if (!Array.isArray(scopes) || scopes.some((one) => typeof one !== 'string' || one === ''))
    problems.push({ option: `${at}.scopes`, rule: 'must be a list of strings', example: "['view']" });
  checkOneOf(part['scopes-enforcement-mode'], MODES, `${at}.scopes-enforcement-mode`, problems);
}

function checkOneOf(value: unknown, known: readonly unknown[], option: string, problems: Problems): void {
  if (value === undefined || known.includes(value)) return;
  problems.push({ option, rule: `must be one of ${known.join(', ')}`, example: JSON.stringify(known[0]) });
}

function checkMembers(part: unknown, kind: keyof typeof MEMBERS, at: string, problems: Problems): boolean {
  if (!isPlainObject(part)) {
    problems.push({ option: at, rule: 'must be a plain object', example: '{ … }' });
    return false;
  }
  for (const member of Object.keys(part)) {
    if (MEMBERS[kind].has(member)) continue;
    const option = at === 'config' ? member : `${at}.${member}`;
    problems.push({ option, rule: 'is not known here', example: [...MEMBERS[kind]].join(', ') });
  }
  return true;
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
