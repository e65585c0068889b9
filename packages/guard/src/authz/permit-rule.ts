import { type OptionProblem, OptionsError, type Principal } from '../core/index.ts';
import { isPlainObject } from '../core/internal.ts';
import type { Verdict } from './batches.ts';
import {
  keyOf,
  type Permission,
  type PermissionLike,
  type PermissionSyntaxError,
  toPermission,
} from './permission.ts';

/** What a request needs: one permission, all of several, or any of several. */
export type PermitRule =
  | PermissionLike
  | { readonly allOf: readonly PermitRule[] }
  | { readonly anyOf: readonly PermitRule[] };

/** A checked rule. */
export interface ReadRule {
  /** Without duplicates. */
  readonly permissions: readonly Permission[];
  /** @param verdictOf returns the verdict on one of `permissions`, by its index */
  isMet(verdictOf: (place: number) => Verdict): boolean;
}

/** @throws {OptionsError} naming every part that is not a rule */
export function readRule(rule: unknown): ReadRule {
  const problems: OptionProblem[] = [];
  const permissions: Permission[] = [];
  const places = new Map<string, number>();

  function placeOf(permission: Permission): number {
    const key = keyOf(permission);
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, permissions.length);
    return permissions.push(permission) - 1;
  }

  function read(part: unknown, at: string): ReadRule['isMet'] {
    const { allOf, anyOf }: { allOf?: unknown; anyOf?: unknown } = isPlainObject(part) ? part : {};
    const list = allOf ?? anyOf;
    if (list === undefined) {
      try {
        const place = placeOf(toPermission(part));
        return (verdictOf) => verdictOf(place) === 'granted';
      } catch (error) {
        const { rule } = error as PermissionSyntaxError;
        problems.push({ option: at, rule, example: "'orders#view'" });
        return () => false;
      }
    }
    const name = allOf === undefined ? 'anyOf' : 'allOf';
    // Also a second list that is undefined: it was meant to say something.
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
      ? (verdictOf) => parts.every((isMet) => isMet(verdictOf))
      : (verdictOf) => parts.some((isMet) => isMet(verdictOf));
  }

  const isMet = read(rule, 'rule');
  if (problems.length > 0) throw new OptionsError('permit', problems);
  return { permissions, isMet };
}

/** Returns the rule for a request. */
export type RuleOfRequest<Request> = (
  request: Request,
  principal: Principal,
) => PermitRule | Promise<PermitRule>;
