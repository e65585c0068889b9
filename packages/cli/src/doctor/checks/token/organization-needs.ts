import type { Advice } from '../../check.ts';
import { type Claims, namesIn, scopesOf } from '../../evidence/token.ts';
import { AGAIN, ASK, type Grants, mapperOff, page } from './grants.ts';

const MEMBERSHIP = 'oidc-organization-membership-mapper';
const GROUPS = 'oidc-organization-group-membership-mapper';
const SET_UP = 'npx keycloak-guard setup api';

/** `acme`, `acme:billing` with a role there, or `acme:/staff` with a group of it. */
function parse(want: string): { alias: string; group: string | undefined; role: string | undefined } {
  const at = want.indexOf(':');
  if (at === -1) return { alias: want, group: undefined, role: undefined };
  const inner = want.slice(at + 1);
  return {
    alias: want.slice(0, at),
    ...(inner.startsWith('/') ? { group: inner, role: undefined } : { group: undefined, role: inner }),
  };
}

interface Within {
  readonly groups?: unknown;
  readonly realm_access?: { readonly roles?: unknown };
}

/** Whether a token names the organization, with the role or group in it. */
export function hasOrganization({ organization }: Claims, want: string): boolean {
  const { alias, group, role } = parse(want);
  if (!namesIn(organization).includes(alias)) return false;
  const within = (organization as Record<string, Within> | undefined)?.[alias];
  if (group !== undefined) return namesIn(within?.groups).includes(group);
  return role === undefined || namesIn(within?.realm_access?.roles).includes(role);
}

/** Why a token does not name an organization, or what somebody has there. */
export function aboutOrganization(want: string, claims: Claims, grants: Grants | undefined): Advice {
  const { alias } = parse(want);
  if (namesIn(claims.organization).includes(alias)) return aboutWithin(want, grants);
  if (grants !== undefined) {
    const inKeycloak = aboutMembership(alias, claims, grants);
    if (inKeycloak !== undefined) return inKeycloak;
  }
  const ask = `Ask for scope=organization:${alias} at login, or organization:* for all memberships`;
  if (!scopesOf(claims).some((scope) => /^organization(:|$)/.test(scope)))
    return {
      cause: "the scope 'organization' was not asked for, so the token names none",
      fix: grants === undefined ? `${ask}. ${page(claims, 'organization as Optional')}` : ask,
    };
  if (grants === undefined)
    return {
      cause: `the organization ${alias} is not in the token: the user is not a member, it is disabled, or the user is in several, and the scope 'organization' alone then names none (a browser asks, a password grant does not)`,
      fix: `${ask}. ${ASK}`,
    };
  if ((grants.organizations?.length ?? 0) > 1)
    return {
      cause: `the organization ${alias} is not in the token: the user is in several, and the scope 'organization' alone then names none (a browser asks, a password grant does not)`,
      fix: ask,
    };
  const mapper = grants.mappers.find(({ protocolMapper }) => protocolMapper === MEMBERSHIP);
  const where = `Client scopes > organization > Mappers > ${mapper?.name}`;
  return mapperOff(mapper?.config, `being member of ${alias}`, where);
}

/** What is wrong in Keycloak, before anybody asks for a token. */
function aboutMembership(alias: string, claims: Claims, grants: Grants): Advice | undefined {
  const one = grants.organizations?.find((own) => own.alias === alias);
  if (grants.organizations === undefined)
    return {
      cause: 'organizations are off in this realm',
      fix: `Realm settings > General > Organizations ON (${SET_UP} --organizations)`,
    };
  if (one === undefined)
    return {
      cause: `the user is not a member of the organization ${alias}`,
      fix: `Organizations > ${alias} > Members > Add member`,
    };
  if (!one.isEnabled)
    return { cause: `the organization ${alias} is disabled`, fix: `Organizations > ${alias} > Enabled ON` };
  const scope = grants.scopes.find(({ name }) => name === 'organization');
  if (scope === undefined)
    return {
      cause: `the client '${claims.azp}' has no scope 'organization', so its tokens never name one`,
      fix: `${page(claims, 'Add client scope > organization > Optional')} (${SET_UP} --organizations)`,
    };
  if (grants.mappers.every(({ protocolMapper }) => protocolMapper !== MEMBERSHIP))
    return {
      cause: "the client scope organization has no mapper 'Organization Membership', so it names none",
      fix: `Client scopes > organization > Mappers > Add mapper > Organization Membership (${SET_UP} --organizations)`,
    };
  return undefined;
}

/** For a token that names the organization, and lacks a role or group in it. */
function aboutWithin(want: string, grants: Grants | undefined): Advice {
  const { alias, group, role } = parse(want);
  const what = group === undefined ? `the role ${role}` : `the group ${group}`;
  const give =
    group === undefined
      ? `Organizations > ${alias} > Groups: a group with the role ${role} (Role mapping), and the user in it (Members)`
      : `Organizations > ${alias} > Groups > ${group} > Members > Add member`;
  const pass = `${SET_UP} --organization-groups`;
  if (grants === undefined)
    return {
      cause: `${what} of ${alias} is not in the token: the user does not have it there, or no mapper says so`,
      fix: `${give}; ${pass}. ${ASK}`,
    };
  const one = grants.organizations?.find((own) => own.alias === alias);
  const isGiven = group === undefined ? one?.roles.includes(role ?? '') : one?.groups.includes(group);
  if (!isGiven)
    return {
      cause: `the user does not have ${what} in the organization ${alias}; those of the realm do not count`,
      fix: give,
    };
  const mapper = grants.mappers.find(({ protocolMapper }) => protocolMapper === GROUPS);
  if (mapper === undefined || (group === undefined && mapper.config?.addGroupRoleMappings !== 'true'))
    return {
      cause: `the user has ${what} in ${alias}, and no mapper of the client puts ${group === undefined ? 'roles' : 'groups'} of organizations into tokens`,
      fix: pass,
    };
  return { cause: `${what} in ${alias} is there and passed on, but not in this token`, fix: AGAIN };
}
