import type { Claims } from './claims.ts';
import { toActor, toKind } from './delegation.ts';
import { freezeDeep } from './freeze.ts';
import { toOrganizations } from './organization.ts';
import type { Principal } from './principal.ts';
import { toClientRoles, toRoles, toStrings } from './read-claims.ts';
import { rememberTenants, type TenantKind, tenantOf } from './tenant.ts';

/**
 * Turns claims into a principal. This is the only place that knows Keycloak's names for roles, groups and
 * organizations. Claims of the wrong type count as missing.
 */
export function toPrincipal<C extends object>(
  claims: Claims,
  parsed: C,
  tenants: TenantKind = undefined,
): Principal<C> {
  const organizations = toOrganizations(claims.organization);
  const tenant = tenantOf(tenants, organizations);
  const principal: Principal<C> = Object.freeze({
    subject: toText(claims.sub),
    username: toText(claims.preferred_username),
    email: toText(claims.email),
    name: toText(claims.name),
    realmRoles: toRoles(claims.realm_access),
    clientRoles: toClientRoles(claims.resource_access),
    groups: toStrings(claims.groups),
    organizations,
    ...(tenant !== undefined && { tenant }),
    scopes: toStrings(
      toText(claims.scope)
        ?.split(' ')
        .filter((scope) => scope !== ''),
    ),
    audience: toStrings(Array.isArray(claims.aud) ? claims.aud : [claims.aud]),
    sessionId: toText(claims.sid) ?? toText(claims.session_state),
    authorizedParty: toText(claims.azp),
    kind: toKind(claims),
    actor: toActor(claims.act),
    acr: toText(claims.acr),
    authenticatedAt: Number.isFinite(claims.auth_time) ? (claims.auth_time as number) : null,
    issuer: claims.iss as string,
    expiresAt: claims.exp as number,
    claims: freezeDeep(parsed),
  });
  return rememberTenants(principal, tenants);
}

function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
