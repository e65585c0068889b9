import { isAuthError, type OptionProblem, OptionsError } from '../http/errors.ts';
import { isPlainObject, toUnknown } from '../options/check-options.ts';
import type { AppClaims, Principal } from '../principal/principal.ts';
import {
  type ActorRequirement,
  allOf,
  anyOf,
  assertSomebody,
  GUARDS_OF_LISTS,
  type Guard,
  GuardError,
  requireActor,
  requireClientRole,
  requireKind,
  requireThat,
} from './guards.ts';
import { requireOneOrganization, requireOrganization, requireTenant } from './organization.ts';
import { requireSignIn, type SignInRules } from './sign-in.ts';

type OneOrMore = string | readonly string[];

/** One organization, by alias or by id, and groups and roles in it. Needs the mapper that puts them into tokens. */
export interface OrganizationRequirement
  extends Pick<Requirements, 'group' | 'groupTree' | 'realmRole' | 'clientRole'> {
  readonly alias?: string;
  readonly id?: string;
}

/**
 * Conditions on a principal, as data. All members must be met, and every value of a list (except issuers: a token has one).
 * Use `anyOf` for alternatives.
 */
export interface Requirements<C extends object = AppClaims> {
  /** Roles of the realm. */
  readonly realmRole?: OneOrMore;
  /** Roles of this API's own client, or of others by client id: `{ 'other-api': 'reader' }`. */
  readonly clientRole?: OneOrMore | { readonly [clientId: string]: OneOrMore };
  /** Scopes; named in the challenge and in the OpenAPI document. */
  readonly scope?: OneOrMore;
  /** Groups by full path, for example `/staff/dev`. */
  readonly group?: OneOrMore;
  /** Groups by full path, or any group below them. */
  readonly groupTree?: OneOrMore;
  /** Organizations by alias; or one of them, and what the caller must have in it. */
  readonly organization?: OneOrMore | OrganizationRequirement;
  /** The tenant that the caller must act for, where the application has some. One: a list is refused. */
  readonly tenant?: string;
  /** Audiences (`aud`). */
  readonly audience?: OneOrMore;
  /** Issuers (`iss`); one must have issued the token: an API that accepts several realms tells them apart. */
  readonly issuer?: OneOrMore;
  /** Clients; the token must have been issued to one (`azp`). That gives their users no more rights. */
  readonly client?: OneOrMore;
  /** The kind of caller: a person, or a client in its own name (`service`). */
  readonly kind?: 'person' | 'service';
  /**
   * Who may act in the name of the caller (`act`, RFC 8693 §4.1). `false`: nobody, so no administrator who impersonates a user
   * either. `{ client }`: this client must, or one of a list. Keycloak 26.8 has `act` in tokens of impersonated sessions; up to 26.7
   * introspection alone shows it, which `tokenCheck` makes where this API is in `aud`.
   */
  readonly actor?: ActorRequirement;
  /**
   * How strongly the person must have signed in (`acr`): one of these, or a stronger one if `acrLevels` is given. The
   * challenge of a refusal asks for the first of them (RFC 9470).
   */
  readonly acr?: OneOrMore;
  /** How long ago the person may have signed in (`auth_time`). Unit: seconds. */
  readonly maxAge?: number;
  /** Your own check; only `true` passes. */
  readonly check?: (principal: Principal<C>) => boolean;
  readonly allOf?: readonly Requirements<C>[];
  readonly anyOf?: readonly Requirements<C>[];
}

const EXAMPLES: Readonly<Record<keyof Requirements, string>> = {
  realmRole: "'admin'",
  clientRole: "'reader'",
  scope: "'orders:read'",
  group: "'/staff'",
  groupTree: "'/staff'",
  organization: "'acme'",
  tenant: "'acme'",
  audience: "'my-api'",
  issuer: "'https://sso.example.com/realms/testing'",
  client: "'reports'",
  kind: "'person'",
  actor: 'false',
  acr: "'gold'",
  maxAge: '300',
  check: '(principal) => principal.claims.email_verified === true',
  allOf: "[{ realmRole: 'staff' }, { scope: 'orders:read' }]",
  anyOf: "[{ realmRole: 'admin' }, { realmRole: 'auditor' }]",
};

/**
 * Turns requirements into a guard. Without requirements (`{}`), every authenticated caller passes.
 *
 * @param clientId the client that `clientRole` means if it names none
 * @param signInRules how `acr` and `maxAge` are judged
 * @throws {OptionsError} for a requirement that is misspelt, empty or `undefined`, and for requirements that are not a plain
 *   object: at start, not at the first request
 * @example
 * const guard = toGuard({ anyOf: [{ realmRole: 'admin' }, { scope: 'orders:read' }] }, 'my-api');
 * guard(principal);
 */
export function toGuard<C extends object = AppClaims>(
  requirements: Requirements<C>,
  clientId: string,
  signInRules: SignInRules = {},
): Guard<C> {
  const problems: OptionProblem[] = [];
  const guards = collect(requirements, { clientId, signInRules, problems }, '');
  if (problems.length > 0) throw new OptionsError('guard', problems);
  return (principal) => {
    // Also without requirements: `null` is not authenticated.
    assertSomebody(principal);
    for (const guard of guards) guard(principal);
  };
}

/** Every scope that the requirements name, for documentation. */
export function scopesOf<C extends object>(requirements: Requirements<C>): string[] {
  const nested = [...(requirements.allOf ?? []), ...(requirements.anyOf ?? [])];
  return [...new Set([...toList(requirements.scope ?? []), ...nested.flatMap(scopesOf)])];
}

interface Collecting {
  readonly clientId: string;
  readonly signInRules: SignInRules;
  readonly problems: OptionProblem[];
}

function collect<C extends object>(
  requirements: Requirements<C>,
  collecting: Collecting,
  path: string,
): Guard<C>[] {
  const { problems } = collecting;
  if (!isPlainObject(requirements)) {
    problems.push({
      option: path || 'guard',
      rule: 'must be a plain object, no promise and no instance of a class',
      example: "{ realmRole: 'admin' }",
    });
    return [];
  }
  const guards: Guard<C>[] = [];
  for (const member of Object.keys(requirements)) {
    const option = path === '' ? member : `${path}.${member}`;
    if (!Object.hasOwn(EXAMPLES, member)) {
      problems.push({ ...toUnknown(member, Object.keys(EXAMPLES), 'a requirement'), option });
      continue;
    }
    if (requirements[member as keyof Requirements] === undefined) {
      const rule = 'is undefined: give it a value, or leave it out';
      problems.push({ option, rule, example: EXAMPLES[member as keyof Requirements] });
      continue;
    }
    try {
      guards.push(...build(member as keyof Requirements, requirements, collecting, option));
    } catch (error) {
      const { rule } = error as GuardError;
      problems.push({ option, rule, example: EXAMPLES[member as keyof Requirements] });
    }
  }
  return guards;
}

function build<C extends object>(
  member: keyof Requirements,
  requirements: Requirements<C>,
  collecting: Collecting,
  option: string,
): Guard<C>[] {
  const { clientId, signInRules, problems } = collecting;
  const value = requirements[member] as never;
  switch (member) {
    case 'clientRole':
      return toClientRoles(value, clientId).map(([client, roles]) => requireClientRole(client, ...roles));
    case 'kind':
      return [requireKind(value)];
    case 'actor':
      return [requireActor(value)];
    case 'acr':
      // Together with `maxAge`, for one challenge.
      return [requireSignIn({ acr: toList(value), maxAge: requirements.maxAge }, signInRules)];
    case 'maxAge':
      return requirements.acr === undefined ? [requireSignIn({ maxAge: value }, signInRules)] : [];
    case 'check':
      return [requireThat<C>(value as never)];
    case 'allOf':
    case 'anyOf': {
      const list: unknown = value;
      if (!Array.isArray(list) || list.length === 0)
        throw new GuardError(member, 'must be a non-empty list of requirements');
      const nested = (list as Requirements<C>[]).map((one, index) => {
        const at = `${option}[${index}]`;
        const before = problems.length;
        const inner = collect(one, collecting, at);
        if (inner.length > 0) return allOf(inner);
        // `{}` would let every caller pass, which a list of alternatives never means.
        if (problems.length === before) {
          problems.push({ option: at, rule: 'must hold a requirement', example: "{ realmRole: 'admin' }" });
        }
        return requireThat<C>(() => false);
      });
      return [member === 'allOf' ? allOf(nested) : anyOf(nested)];
    }
    case 'organization':
      return [
        isPlainObject(value)
          ? requireOneOrganization(value, (within) => collect(within, collecting, option))
          : requireOrganization(...toList(value)),
      ];
    case 'tenant':
      return [requireTenant(value)];
    default:
      return [GUARDS_OF_LISTS[member](...toList(value))];
  }
}

function toClientRoles(value: Requirements['clientRole'], clientId: string): [string, string[]][] {
  if (typeof value === 'string' || Array.isArray(value)) return [[clientId, toList(value)]];
  if (!isPlainObject(value)) throw new GuardError('role', 'must be a role, or an object of roles by client');
  const entries = Object.entries(value);
  if (entries.length === 0) throw new GuardError('role', 'must name a role of a client');
  return entries.map(([client, roles]) => [client, toList(roles as OneOrMore)]);
}

function toList(value: OneOrMore): string[] {
  return typeof value === 'string' ? [value] : Array.isArray(value) ? [...value] : [value as never];
}

/** Requirements, ready to be checked. */
export interface Compiled {
  readonly check: Guard;
  /** The one tenant that a caller who meets them acts for. */
  readonly tenant: string | undefined;
}

/** The members of a realm by which requirements are judged. */
interface Realm {
  readonly clientId: string;
  readonly signInRules?: SignInRules;
}

/** @throws {OptionsError} as `toGuard` does */
export function compile(requirements: Requirements, { clientId, signInRules }: Realm): Compiled {
  return { check: toGuard(requirements, clientId, signInRules), tenant: tenantIn(requirements) };
}

function tenantIn({ tenant, allOf = [] }: Requirements): string | undefined {
  return tenant ?? allOf.map(tenantIn).find((one) => one !== undefined);
}

/**
 * Whether a principal meets requirements: a yes or no for a template, a resolver, a field of an answer.
 *
 * @param clientId the client that `clientRole` means where it names none
 * @param signInRules how `acr` and `maxAge` are judged
 * @returns false for `null`
 * @throws {OptionsError} as `toGuard` does
 * @example
 * const mayDelete = has(request.principal, { realmRole: 'admin' });
 */
export function has<C extends object = AppClaims>(
  principal: Principal<C> | null | undefined,
  requirements: Requirements<C>,
  clientId = '',
  signInRules: SignInRules = {},
): boolean {
  // Built each time: it costs less than a microsecond, and the object may have changed.
  const guard = toGuard(requirements, clientId, signInRules);
  if (principal === null || principal === undefined) return false;
  try {
    guard(principal);
    return true;
  } catch (error) {
    if (isAuthError(error)) return false;
    throw error;
  }
}
