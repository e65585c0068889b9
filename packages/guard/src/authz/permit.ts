import { AuthError, OptionsError, type Principal } from '../core/index.ts';
import { checkOptions, type OptionRules, optionRules, toSafeText } from '../core/internal.ts';
import type { Verdict } from './batches.ts';
import { type PushedClaims, toClaimText } from './claims.ts';
import { describe } from './permission.ts';
import { engineOf, type Permissions, toUnknown } from './permissions.ts';
import { type PermitRule, type ReadRule, type RuleOfRequest, readRule } from './permit-rule.ts';
import { toTicketChallenge } from './uma-challenge.ts';

/** Options of {@link createPermit}. */
export interface PermitOptions<Request> {
  /** Refuses with 404 in place of 403: who may not see a thing does not learn that it is there. Default false. */
  readonly hide?: boolean | undefined;
  /**
   * Whose the thing is, by the id of the user (`sub`): the owner passes, and Keycloak is not asked. What is not a text
   * that is the caller's subject leaves the decision to Keycloak.
   */
  readonly owner?:
    | ((request: Request, principal: Principal) => MayBeLate<string | null | undefined>)
    | undefined;
  /**
   * What policies get to know of the request beside the token. Who can choose what it returns can choose the decision:
   * take addresses and times of the server's, not headers and fields of the caller's.
   */
  readonly claims?: ((request: Request, principal: Principal) => MayBeLate<PushedClaims>) | undefined;
  /**
   * Refuses with 401 and a ticket (`WWW-Authenticate: UMA …`), by which a UMA client asks Keycloak for a token that is
   * good enough. Default false.
   */
  readonly ticket?: boolean | undefined;
}

type MayBeLate<T> = T | Promise<T>;

/** Decides on requests of whichever framework, after a guard has found out who is calling. */
export interface Permit<Request> {
  /**
   * At once where the answers are in memory.
   *
   * @throws {AuthError} (or rejects with one) `permission_denied`, or `not_found` where the rule hides; see
   * `Permissions.check` for the others
   */
  decide(request: Request, principal: Principal | null | undefined): void | Promise<void>;
  /** What is asked, for documentation; empty where it depends on the request. */
  readonly asked: readonly string[];
  /** The status of a refusal. */
  readonly status: 401 | 403 | 404;
}

const RULES: OptionRules<PermitOptions<never>> = {
  hide: optionRules.trueOrFalse(false),
  owner: optionRules.callable('(request) => ownerIdOf(request.params.id)'),
  claims: optionRules.callable('(request) => ({ address: request.ip })'),
  ticket: optionRules.trueOrFalse(false),
};

/**
 * What of a permit can be known before there are permissions: `undefined` where the rule depends on the request.
 *
 * @throws {OptionsError} for a rule or an option that is wrong
 */
export function readPermit<Request>(
  rule: PermitRule | RuleOfRequest<Request>,
  options: PermitOptions<Request>,
): ReadRule | undefined {
  checkOptions<PermitOptions<Request>>('permit', options, RULES as OptionRules<PermitOptions<Request>>);
  if (options.hide && options.ticket) {
    const problem = { option: 'ticket', rule: 'must not be true beside hide', example: 'false' };
    throw new OptionsError('permit', [problem]);
  }
  return typeof rule === 'function' ? undefined : readRule(rule);
}

/**
 * Makes the check of a route. A rule is `resource#scope`, an object, `{ allOf }` or `{ anyOf }`, or a function of the
 * request that returns one; all of it is one question to Keycloak.
 *
 * What a function returns may hold what the caller wrote: where it is no permission, or there is none of that name, the
 * request is refused, and nothing is a fault.
 *
 * @throws {OptionsError} for a rule or an option that is wrong: at start, not at the first request
 * @example
 * const permit = createPermit<Request>(permissions, ({ params }) => `order-${params.id}#view`);
 * await permit.decide(request, principal);
 */
export function createPermit<Request>(
  permissions: Permissions,
  rule: PermitRule | RuleOfRequest<Request>,
  options: PermitOptions<Request> = {},
): Permit<Request> {
  const fixed = readPermit(rule, options);
  engineOf(permissions).named.add(fixed?.permissions ?? []);
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
  const { hide = false, ticket = false, owner, claims } = options;

  function decideBy(read: ReadRule, principal: Principal, claimText: string): void | Promise<void> {
    const verdicts = engine.judge.decide(principal, read.permissions, claimText);
    if (verdicts instanceof Promise) return verdicts.then((late) => admit(read, late));
    // A refusal with a ticket has to wait for it.
    return admit(read, verdicts);
  }

  function admit(read: ReadRule, verdicts: readonly Verdict[]): void | Promise<void> {
    if (read.isMet((place) => verdicts[place] as Verdict)) return;
    const unknown = read.permissions.find((_, place) => verdicts[place] === 'unknown');
    if (unknown !== undefined && fixed !== undefined) throw toUnknown(unknown, engine.clientId);
    const refusal = toRefusal(read.permissions.map(describe).join(', '), unknown !== undefined);
    if (!ticket || unknown !== undefined) throw refusal;
    return toTicketChallenge(engine, read.permissions, refusal).then((challenge) => {
      throw challenge;
    });
  }

  function toRefusal(what: string, isUnknown = false): AuthError {
    const reason = isUnknown ? 'Keycloak has no such permission' : 'Keycloak does not grant the permission';
    return new AuthError(hide ? 'not_found' : 'permission_denied', reason, {
      expected: toSafeText(what),
      seen: isUnknown ? 'a resource or scope that Keycloak does not know' : 'none, or a part',
    });
  }

  async function decideByRequest(request: Request, principal: Principal): Promise<void> {
    if (owner !== undefined) {
      const id = await owner(request, principal);
      if (typeof id === 'string' && id !== '' && id === principal.subject) return;
    }
    const claimText = claims === undefined ? '' : toClaimText(await claims(request, principal));
    if (fixed !== undefined) return decideBy(fixed, principal, claimText);
    const given = await (rule as RuleOfRequest<Request>)(request, principal);
    let read: ReadRule;
    try {
      read = readRule(given);
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
    asked: fixed === undefined ? [] : fixed.permissions.map(describe),
    status: ticket ? 401 : hide ? 404 : 403,
  };
}
