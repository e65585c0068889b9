import { AuthError, isAuthError } from '../http/errors.ts';
import { tenantsOf } from '../principal/to-principal.ts';
import { assertStrings, type Guard, GuardError, requireAll } from './guards.ts';

// The organizations that a caller belongs to, and the tenant that they act for.

/** @throws {AuthError} `organization_missing` unless the principal is a member of every one of the organizations (alias) */
export const requireOrganization = requireAll('organization_missing', 'organization', ({ organizations }) =>
  organizations.map(({ alias }) => alias),
);

/** The requirements that may stand in one organization. */
const WITHIN = ['group', 'groupTree', 'realmRole', 'clientRole'];

/**
 * Requires one organization and what the principal must have there. It has either `alias` or `id`: what is one organization's id
 * could be another one's alias.
 *
 * @param toGuards makes guards of the other members
 * @throws {AuthError} `organization_missing`, or what those guards throw, with the `organization`
 */
export function requireOneOrganization(
  required: { readonly alias?: string; readonly id?: string },
  toGuards: (within: object) => readonly Guard<never>[],
): Guard<object> {
  const { alias, id, ...within } = required;
  const unknown = Object.keys(within).find((member) => !WITHIN.includes(member));
  if (unknown !== undefined || Object.hasOwn(required, 'alias') === Object.hasOwn(required, 'id')) {
    const rule = `must have either alias or id, and beside it only ${WITHIN.join(', ')}`;
    throw new GuardError('organization', rule);
  }
  const guards = toGuards(within);
  const [by, value] = id === undefined ? (['alias', alias] as const) : (['id', id] as const);
  assertStrings(`organization ${by}`, [value]);
  return (principal) => {
    const organization = principal.organizations.find((one) => one[by] === value);
    if (organization === undefined) {
      throw new AuthError('organization_missing', `The organization with the ${by} ${value} is missing`, {
        tenant: alias,
        expected: `organization ${by} ${value}`,
        seen: principal.organizations.map((one) => one[by] ?? 'no id').join(', ') || 'none',
      });
    }
    const { groups, realmRoles, clientRoles } = organization;
    const there = { ...principal, groups, realmRoles, clientRoles };
    try {
      for (const guard of guards) guard(there as never);
    } catch (error) {
      throw isAuthError(error) ? toErrorWithin(error, organization.alias) : error;
    }
  };
}

/** Roles and groups of the realm do not count in an organization: the refusal says in which one they are missing. */
function toErrorWithin({ code, reason, expected, seen }: AuthError, organization: string): AuthError {
  const where = `in the organization ${organization}`;
  return new AuthError(code, `${reason} ${where}`, { expected: `${expected} ${where}`, seen, organization });
}

/**
 * @throws {AuthError} `tenant_refused` unless the principal may act for the tenant
 * @throws {TypeError} at once for a list: read from a query, it would let the sender name several
 */
export function requireTenant(tenant: string): Guard<object> {
  if (Array.isArray(tenant)) throw new GuardError('tenant', 'must be one tenant, and no list: use anyOf');
  assertStrings('tenant', [tenant]);
  return (principal) => {
    const may = tenantsOf(principal);
    if (may.includes(tenant)) return;
    throw new AuthError('tenant_refused', 'The caller does not act for this tenant', {
      tenant,
      expected: `tenant ${tenant}`,
      seen: may.join(', ') || 'none',
    });
  };
}
