import { AuthError, type AuthErrorCode, isAuthError } from '../http/errors.ts';
import { isPlainObject } from '../options/check-options.ts';
import type { AppClaims, Principal } from '../principal/principal.ts';
import { isThenable } from '../runtime/concurrency.ts';

/**
 * Lets a principal pass, or throws an {@link AuthError} with status 403. Without a principal (`null`, as behind an optional
 * guard) it throws `missing_token`, 401.
 */
export type Guard<C extends object = AppClaims> = (principal: Principal<C>) => void;

/** A guard cannot be made of a value. */
export class GuardError extends TypeError {
  /** The rule that the value breaks. */
  readonly rule: string;

  constructor(what: string, rule: string) {
    super(`The ${what} of a guard ${rule}`);
    this.rule = rule;
  }
}

/** @throws {AuthError} `role_missing` unless the principal has every one of the roles of the client */
export function requireClientRole(clientId: string, ...roles: string[]): Guard<object> {
  assertStrings('client id', [clientId]);
  const rolesOf = ({ clientRoles }: Principal<object>) => clientRoles[clientId] ?? [];
  return requireAll('role_missing', 'role', rolesOf, undefined, ` of the client ${clientId}`)(...roles);
}

/**
 * @throws {AuthError} `kind_refused` for a service if a person is required, and for a person if a service is
 * @throws {TypeError} at once for another kind
 */
export function requireKind(kind: Principal['kind']): Guard<object> {
  if (kind !== 'person' && kind !== 'service') throw new GuardError('kind', "must be 'person' or 'service'");
  return (principal) => {
    if (principal.kind === kind) return;
    throw new AuthError('kind_refused', `Only a ${kind} has access here`, {
      expected: kind,
      seen: principal.kind,
    });
  };
}

/**
 * @param actor `false`: nobody acts for the caller, neither a client in a chain of calls nor an administrator who impersonates them.
 *   `{ client }`: this client does, or one of these
 * @throws {AuthError} `actor_refused`
 * @throws {TypeError} at once for anything else
 */
export function requireActor(actor: ActorRequirement): Guard<object> {
  if (actor !== false && (!isPlainObject(actor) || Object.keys(actor).join() !== 'client'))
    throw new GuardError('actor', "must be false, or { client: '…' }");
  const clients = actor === false ? [] : [actor.client].flat();
  if (actor !== false) assertStrings('client of the actor', clients);
  return ({ actor: seen }) => {
    if (actor === false ? seen === null : clients.includes(seen?.clientId ?? '')) return;
    const reason =
      actor === false ? 'Somebody acts in the name of the user' : 'The client may not act for users';
    throw new AuthError('actor_refused', reason, {
      expected: actor === false ? 'nobody' : `actor ${clients.join(' or ')}`,
      seen: seen === null ? 'nobody' : `actor ${seen.clientId ?? seen.subject ?? 'without a name'}`,
    });
  };
}

/** See {@link requireActor}. */
export type ActorRequirement = false | { readonly client: string | readonly string[] };

/**
 * @param isAllowed returns `true` to let the principal pass; no other result does, and no promise
 * @throws {AuthError} `requirement_unclear` for a promise, `permission_denied` for any other result
 */
export function requireThat<C extends object = AppClaims>(
  isAllowed: (principal: Principal<C>) => boolean,
): Guard<C> {
  if (typeof isAllowed !== 'function') throw new GuardError('check', 'must be a function of the principal');
  return (principal) => {
    const result: unknown = isAllowed(principal);
    if (isThenable(result)) {
      // Nobody waits for it: a rejection would end the process.
      result.then(undefined, () => {});
      throw new AuthError('requirement_unclear', 'The check of the principal returned a promise');
    }
    if (result !== true) throw new AuthError('permission_denied', 'The check of the principal failed');
  };
}

/** Passes only if every guard passes. Throws the first refusal. */
export const allOf =
  <C extends object>(guards: readonly Guard<C>[]): Guard<C> =>
  (principal) => {
    for (const guard of guards) guard(principal);
  };

/**
 * Passes if any guard passes, or throws the last refusal, which names what each of them expected: that of a scope, if one is missing,
 * for a client can ask for it.
 */
export const anyOf =
  <C extends object>(guards: readonly Guard<C>[]): Guard<C> =>
  (principal) => {
    const refusals: unknown[] = [];
    for (const guard of guards) {
      try {
        return guard(principal);
      } catch (error) {
        refusals.push(error);
      }
    }
    const last = refusals.at(-1);
    if (!isAuthError(last)) throw last;
    const all = refusals.filter(isAuthError);
    const one = (last.statusCode === 403 && all.findLast(({ scope }) => scope !== undefined)) || last;
    const expected = all.map((refusal) => refusal.expected ?? refusal.reason).join(', or ');
    const { cause, tenant = last.tenant } = one;
    throw new AuthError(one.code, one.reason, { ...one, cause, tenant, expected });
  };

/** In a guard that an application calls itself, as in a GraphQL resolver, types do not rule out `null`. */
export function assertSomebody(principal: Principal<object> | null | undefined): void {
  if (principal === null || principal === undefined) {
    throw new AuthError('missing_token', 'The guard was called without a principal');
  }
}

/** Guards that require every value of a list. */
export function requireAll(
  code: AuthErrorCode,
  kind: string,
  valuesOf: (principal: Principal<object>) => readonly string[],
  matches: (have: string, value: string) => boolean = (have, value) => have === value,
  place = '',
): (...required: string[]) => Guard<object> {
  return (...required) => {
    assertStrings(`${kind}${place}`, required);
    return (principal) => {
      const have = valuesOf(principal);
      for (const value of required) {
        if (have.some((one) => matches(one, value))) continue;
        const where = code === 'role_missing' ? ownersOf(value, principal) : [];
        const instead = where.length === 0 ? '' : `; it is there as a role of ${where.join(' and ')}`;
        throw new AuthError(code, `The ${kind} ${value}${place} is missing${instead}`, {
          expected: `${kind} ${required.join(' and ')}${place}`,
          seen: have.join(', ') || 'none',
          scope: code === 'scope_missing' ? required.join(' ') : undefined,
          tenant: code === 'organization_missing' && required.length === 1 ? value : undefined,
        });
      }
    };
  };
}

/** The realm, or clients, of which the principal has a role of this name: roles of the realm and of clients are taken for each other. */
const ownersOf = (role: string, { realmRoles, clientRoles }: Principal<object>): string[] => [
  ...(realmRoles.includes(role) ? ['the realm'] : []),
  ...Object.keys(clientRoles).filter((id) => clientRoles[id]?.includes(role)),
];

export function assertStrings(what: string, values: readonly unknown[]): void {
  if (values.length === 0 || values.some((value) => typeof value !== 'string' || value.trim() === '')) {
    throw new GuardError(what, 'must be a non-empty string, or a list of them');
  }
  // RFC 6749 §3.3: a space ends a scope, so no token has it.
  if (what === 'scope' && values.some((value) => /\s/.test(value as string))) {
    throw new GuardError(what, 'must be a scope without spaces, or a list of them');
  }
}

/** Guards that require one value of a list. @param label before values in the log */
function requireOne(
  code: AuthErrorCode,
  reason: string,
  [kind, label]: readonly [kind: string, label: string],
  read: (principal: Principal<object>) => string | null,
): (...accepted: string[]) => Guard<object> {
  return (...accepted) => {
    assertStrings(kind, accepted);
    return (principal) => {
      const value = read(principal);
      if (value !== null && accepted.includes(value)) return;
      throw new AuthError(code, reason, {
        expected: `${label} ${accepted.join(' or ')}`,
        seen: `${label} ${value ?? 'missing'}`,
      });
    };
  };
}

/** Exact values of `iss`: an API that accepts several realms tells them apart. */
function requireIssuer(...issuers: string[]): Guard<object> {
  const guard = requireOne(
    'issuer_refused',
    'The token is of an issuer that has no access here',
    ['issuer', 'issuer'],
    ({ issuer }) => issuer,
  )(...issuers);
  const wrong = issuers.find((issuer) => !URL.canParse(issuer));
  if (wrong === undefined) return guard;
  throw new GuardError('issuer', `must be a URL, not ${JSON.stringify(wrong)}`);
}

/** Guards that take a list of values, by the requirement that names them. */
export const GUARDS_OF_LISTS = {
  realmRole: requireAll('role_missing', 'realm role', ({ realmRoles }) => realmRoles),
  /** Names the scopes in the challenge. */
  scope: requireAll('scope_missing', 'scope', ({ scopes }) => scopes),
  group: requireAll('group_missing', 'group', ({ groups }) => groups),
  groupTree: requireAll(
    'group_missing',
    'group (or one below it)',
    ({ groups }) => groups,
    (group, path) => group === path || group.startsWith(path.endsWith('/') ? path : `${path}/`),
  ),
  audience: requireAll('audience_missing', 'audience', ({ audience }) => audience),
  issuer: requireIssuer,
  client: requireOne(
    'client_refused',
    'The token was issued to a client that has no access here',
    ['client id', 'azp'],
    ({ authorizedParty }) => authorizedParty,
  ),
};
