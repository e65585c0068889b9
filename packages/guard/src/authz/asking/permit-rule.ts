import { type OptionProblem, OptionsError, type Principal } from '../../core/index.ts';
import { checkOptions, isPlainObject, type OptionRules, optionRules } from '../../core/internal.ts';
import type { Verdict } from './batches.ts';
import {
  describe,
  keyOf,
  type Permission,
  type PermissionLike,
  type PermissionSyntaxError,
  type PushedClaims,
  toPermission,
} from './permission.ts';

/** The permissions that a request needs: one, all of several, or any of several. */
export type PermitRule =
  | PermissionLike
  | { readonly allOf: readonly PermitRule[] }
  | { readonly anyOf: readonly PermitRule[] };

/** A checked rule. */
export interface ReadRule {
  /** Without duplicates. */
  readonly permissions: readonly Permission[];
  /** @param verdictOf returns the verdict on one of `permissions`, by its index */
  isSatisfied(verdictOf: (index: number) => Verdict): boolean;
}

/** @throws {OptionsError} naming every part that is not a rule */
export function readRule(rule: unknown): ReadRule {
  const problems: OptionProblem[] = [];
  const permissions: Permission[] = [];
  const indexes = new Map<string, number>();

  function indexOf(permission: Permission): number {
    const key = keyOf(permission);
    const known = indexes.get(key);
    if (known !== undefined) return known;
    indexes.set(key, permissions.length);
    return permissions.push(permission) - 1;
  }

  function read(part: unknown, at: string): ReadRule['isSatisfied'] {
    const { allOf, anyOf }: { allOf?: unknown; anyOf?: unknown } = isPlainObject(part) ? part : {};
    const list = allOf ?? anyOf;
    if (list === undefined) {
      try {
        const index = indexOf(toPermission(part));
        return (verdictOf) => verdictOf(index) === 'granted';
      } catch (error) {
        const { rule } = error as PermissionSyntaxError;
        problems.push({ option: at, rule, example: "'orders#view'" });
        return () => false;
      }
    }
    const name = allOf === undefined ? 'anyOf' : 'allOf';
    // A second list is refused even if it is undefined.
    if (Object.keys(part as object).length !== 1 || !Array.isArray(list) || list.length === 0) {
      const option = at === 'rule' ? name : `${at}.${name}`;
      problems.push({
        option,
        rule: 'must be a list that is not empty, without other members',
        example: "['orders#view']",
      });
      return () => false;
    }
    const parts = list.map((one, index) => read(one, `${at === 'rule' ? '' : `${at}.`}${name}[${index}]`));
    return name === 'allOf'
      ? (verdictOf) => parts.every((isSatisfied) => isSatisfied(verdictOf))
      : (verdictOf) => parts.some((isSatisfied) => isSatisfied(verdictOf));
  }

  const isSatisfied = read(rule, 'rule');
  if (problems.length > 0) throw new OptionsError('permit', problems);
  return { permissions, isSatisfied };
}

/** A function of a request and its caller. Further arguments of the framework follow, where it has any. */
type OfRequest<Request, T> = (
  request: Request,
  principal: Principal,
  // biome-ignore lint/suspicious/noExplicitAny: arguments of the framework.
  ...more: any[]
) => T | Promise<T>;

/** Returns the rule for a request. */
export type RuleOfRequest<Request> = OfRequest<Request, PermitRule>;

/** Options of `createPermit`. */
export interface PermitOptions<Request> {
  /** Refuses with 404 instead of 403, so that a caller who may not see a thing does not learn that it exists. Default false. */
  readonly hide?: boolean | undefined;
  /**
   * Returns the user id (`sub`) of the thing's owner, who passes without a question to Keycloak: the user of that id in the
   * realm of the permissions, and no other. For any other result, Keycloak decides. Default: Keycloak always decides.
   */
  readonly owner?: OfRequest<Request, string | null | undefined> | undefined;
  /**
   * Returns claims for the policies, beside the token. A caller who can choose them can choose the decision: take addresses
   * and times from the server, not headers and fields from the caller. Default none.
   */
  readonly claims?: OfRequest<Request, PushedClaims> | undefined;
}

const RULES: OptionRules<PermitOptions<never>> = {
  hide: optionRules.trueOrFalse(false),
  owner: optionRules.callable('(request) => ownerIdOf(request.params.id)'),
  claims: optionRules.callable('(request) => ({ address: request.ip })'),
};

/**
 * Checks a rule and its options at start, before there are permissions. `undefined` if the rule depends on the request.
 *
 * @throws {OptionsError} for a wrong rule or option
 */
export function readPermit<Request>(
  rule: PermitRule | RuleOfRequest<Request>,
  options: PermitOptions<Request>,
): ReadRule | undefined {
  checkOptions<PermitOptions<Request>>('permit', options, RULES as OptionRules<PermitOptions<Request>>);
  return typeof rule === 'function' ? undefined : readRule(rule);
}

/** The meaning of a permit for documents. @param rule `undefined` if it depends on the request */
export function describePermit<Request>(
  { hide }: PermitOptions<Request>,
  rule: ReadRule | undefined,
): { readonly permissions: readonly string[]; readonly status: 403 | 404 } {
  return { permissions: rule?.permissions.map(describe) ?? [], status: hide ? 404 : 403 };
}
