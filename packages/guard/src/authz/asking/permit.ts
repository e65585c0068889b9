import { AuthError, type Principal } from '../../core/index.ts';
import { toSafeText } from '../../core/internal.ts';
import type { Verdict } from './batches.ts';
import { describe, toClaimText } from './permission.ts';
import { engineOf, type Permissions, toUnknown } from './permissions.ts';
import {
  describePermit,
  type PermitOptions,
  type PermitRule,
  type ReadRule,
  type RuleOfRequest,
  readPermit,
  readRule,
} from './permit-rule.ts';

/** Decides on the requests of a route, in any framework, after a guard has identified the caller. */
export interface Permit<Request> {
  /**
   * Returns or resolves if the caller has the permissions. Needs no promise if the answers are in memory.
   *
   * @throws {AuthError} (or rejects with one) `permission_denied`; `not_found` with `hide`;
   *   `missing_token` without a principal; see `Permissions.check` for the others
   * @example
   * await permit.decide(request, principal);
   */
  decide(request: Request, principal: Principal | null | undefined): void | Promise<void>;
  /** The permissions of the rule, for documentation. Empty if they depend on the request. */
  readonly permissions: readonly string[];
  /** Status of a refusal. */
  readonly status: 403 | 404;
}

/**
 * Makes the check of a route. A rule is `resource#scope`, an object, `{ allOf }`, `{ anyOf }`, or a function that returns one
 * of these for a request. The whole rule is one question to Keycloak.
 *
 * A function may use what the caller wrote. If its result is not a permission, or Keycloak knows none of that name, the
 * request is refused; it is not reported as a wrong set-up.
 *
 * @throws {OptionsError} for a wrong rule or option: at start, not at the first request
 * @throws {TypeError} for permissions that `createPermissions` did not make
 * @example
 * const permit = createPermit<{ params: { id: string } }>(permissions, ({ params }) => `order-${params.id}#view`);
 * await permit.decide(request, principal);
 */
export function createPermit<Request>(
  permissions: Permissions,
  rule: PermitRule | RuleOfRequest<Request>,
  options: PermitOptions<Request> = {},
): Permit<Request> {
  const fixed = readPermit(rule, options);
  engineOf(permissions).names.add(fixed?.permissions ?? []);
  return toPermit(permissions, rule, options, fixed);
}

/** @param fixed the rule, read, where it does not depend on the request */
export function toPermit<Request>(
  permissions: Permissions,
  rule: PermitRule | RuleOfRequest<Request>,
  options: PermitOptions<Request>,
  fixed = readPermit(rule, options),
): Permit<Request> {
  const engine = engineOf(permissions);
  const { hide = false, owner, claims } = options;

  function decideBy(read: ReadRule, principal: Principal, claimText: string): void | Promise<void> {
    const verdicts = engine.judge.decide(principal, read.permissions, claimText);
    return verdicts instanceof Promise ? verdicts.then((late) => admit(read, late)) : admit(read, verdicts);
  }

  function admit(read: ReadRule, verdicts: readonly Verdict[]): void {
    if (read.isSatisfied((index) => verdicts[index] as Verdict)) return;
    const unknown = read.permissions.find((_, index) => verdicts[index] === 'unknown');
    if (unknown !== undefined && fixed !== undefined) throw toUnknown(unknown, engine.clientId);
    throw toRefusal(read.permissions.map(describe).join(', '), unknown !== undefined);
  }

  function toRefusal(what: string, isUnknown = false): AuthError {
    const reason = isUnknown ? 'Keycloak has no such permission' : 'Keycloak does not grant the permission';
    return new AuthError(hide ? 'not_found' : 'permission_denied', reason, {
      expected: toSafeText(what),
      seen: isUnknown ? 'a resource or scope that Keycloak does not know' : 'none, or a part',
    });
  }

  async function decideByRequest(request: Request, principal: Principal): Promise<void> {
    // First: another realm may have a user with the id of the owner.
    await engine.judge.assertOfRealm(principal);
    if (owner !== undefined) {
      const id = await owner(request, principal);
      if (typeof id === 'string' && id !== '' && id === principal.subject) return;
    }
    const claimText = claims === undefined ? '' : toClaimText(await claims(request, principal));
    if (fixed !== undefined) return decideBy(fixed, principal, claimText);
    const result = await (rule as RuleOfRequest<Request>)(request, principal);
    let read: ReadRule;
    try {
      read = readRule(result);
    } catch (error) {
      throw toRefusal((error as Error).message, true);
    }
    return decideBy(read, principal, claimText);
  }

  const isFixed = fixed !== undefined && owner === undefined && claims === undefined;
  return {
    decide(request, principal) {
      if (principal === null || principal === undefined) {
        throw new AuthError('missing_token', 'A permission was asked for nobody: no guard ran before');
      }
      return isFixed ? decideBy(fixed, principal, '') : decideByRequest(request, principal);
    },
    ...describePermit(options, fixed),
  };
}
