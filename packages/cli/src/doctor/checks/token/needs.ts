import { toPlainLine } from '../../../terminal/output.ts';
import { type Advice, check, fail, ok, skipped } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { type Claims, decodeJwt, listIn, namesIn, scopesOf } from '../../evidence/token.ts';
import { findClaims, isLightweight, whyNoClaims } from './claims.ts';
import { AGAIN, ASK, type Grants, mapperOff, page, readGrants } from './grants.ts';

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
  if (group !== undefined) return listIn(within?.groups).includes(group);
  return role === undefined || listIn(within?.realm_access?.roles).includes(role);
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

/** Mistakes in Keycloak that show before anybody asks for a token. */
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

export const tokenNeeds = check('token.needs', ['settings.valid'], async ({ reach, token, options }) => {
  if (options.wants.length === 0) return skipped('no role, group, organization or scope (--needs)');
  const claims = decodeJwt(token)?.claims ?? (await findClaims(reach));
  if (claims === undefined) return skipped(whyNoClaims(reach));
  const missing = options.wants.filter((want) => !has(claims, want));
  if (missing.length === 0) return ok(`has ${options.wants.join(', ')}`);
  const all = isLightweight(claims)
    ? [
        {
          cause: 'the token is lightweight: it holds neither roles nor groups. Introspection has them',
          fix: `Clients > ${claims.azp} > Advanced > Always use lightweight access token OFF, or TOKEN_CHECK=remote with an Audience mapper`,
        },
      ]
    : await explainAll(missing, claims, reach);
  // A line each, whoever wrote the token, or gave a name to what is in the realm.
  const fixes = new Set(all.map(({ fix }) => toPlainLine(fix)));
  return fail(`lacks ${missing.join(', ')}`, all.map(({ cause }) => cause).join('; '), [...fixes].join('\n'));
});

async function explainAll(missing: readonly string[], claims: Claims, reach: Reach): Promise<Advice[]> {
  const grants = await lookUp(claims, reach, missing).catch(() => undefined);
  return missing.map((want) => explainWant(want, claims, grants));
}

/** `undefined` without an admin, or where the token names no user and client. */
async function lookUp(
  { azp, sub }: Claims,
  { admin, caller }: Reach,
  missing: readonly string[],
): Promise<Grants | undefined> {
  const userId = typeof sub === 'string' ? sub : (await admin?.user())?.id;
  if (admin === null || typeof azp !== 'string' || userId === undefined) return undefined;
  // Any colon of a role may be the one after the name of its client.
  const clients = missing
    .map(split)
    .flatMap(([kind, name]) =>
      kind === 'role' ? [...name.matchAll(/:/g)].map(({ index }) => name.slice(0, index)) : [],
    );
  const aliases = missing.flatMap((want) => /^organization=([^:]+):/.exec(want)?.[1] ?? []);
  return readGrants(await admin.connection(), caller.realm, azp, userId, clients, aliases);
}

const split = (want: string): [string, string] => {
  const at = want.indexOf('=');
  return [want.slice(0, at), want.slice(at + 1)];
};

function has(claims: Claims, want: string, read = listIn): boolean {
  const [kind, name] = split(want);
  if (kind === 'scope') return scopesOf(claims).includes(name);
  if (kind === 'group') return read(claims.groups).includes(name);
  if (kind === 'organization') return hasOrganization(claims, name);
  return rolesIn(claims, read).includes(name);
}

/** The roles of the realm, and those of clients as `client:role`. Both names may have colons of their own. */
function rolesIn({ realm_access: realm, resource_access: access }: Claims, read = listIn): string[] {
  const clients = Object.entries((access ?? {}) as Readonly<Record<string, { roles?: unknown }>>);
  return [
    ...read((realm as { roles?: unknown } | undefined)?.roles),
    ...clients.flatMap(([client, one]) => read(one?.roles).map((role) => `${client}:${role}`)),
  ];
}

function explainWant(want: string, claims: Claims, grants: Grants | undefined): Advice {
  const [kind, name] = split(want);
  if (has(claims, want, namesIn))
    return {
      cause: `${want} is in the token as text and not in a list, so no guard reads it: its mapper has Multivalued OFF`,
      fix: 'Client scopes > the scope with the mapper (roles) > Mappers > the mapper > Multivalued ON',
    };
  const explain = { role: aboutRole, group: aboutGroup, organization: aboutOrganization, scope: aboutScope }[
    kind
  ];
  return explain?.(name, claims, grants) ?? { cause: `${want} is not in the token`, fix: '' };
}

function aboutRole(name: string, claims: Claims, grants: Grants | undefined): Advice {
  const full = page(
    claims,
    `${claims.azp}-dedicated > Scope > Full scope allowed ON, or assign the role there`,
  );
  const scope = page(claims, 'Add client scope > roles > Default');
  const service = /^service-account-(.+)/.exec(String(claims.preferred_username))?.[1];
  const user =
    service === undefined
      ? 'Users > the user > Role mapping'
      : `Clients > ${service} > Service account roles`;
  const assign = `${user} > Assign role: ${name}`;
  const other = namesakeOf(name, claims);
  if (other !== undefined && !grants?.roles.has(name))
    return {
      cause: `the token has the role ${other}, and ${name} is wanted: roles of the realm and of clients are not the same`,
      fix: `Guard by ${other}; or ${assign}`,
    };
  if (grants === undefined)
    return {
      cause: `the role ${name} is not in the token: the user does not have it, or the client '${claims.azp}' does not pass it on (no scope 'roles', no mapper, Full scope allowed OFF)`,
      fix: `${assign}; ${scope}; ${full}. ${ASK}`,
    };
  if (!grants.roles.has(name)) return { cause: `the user does not have the role ${name}`, fix: assign };
  if (!grants.hasFullScope && !grants.scopedRoles.has(name))
    return {
      cause: `the user has the role ${name}, and the client '${claims.azp}' has no full scope: only roles that are assigned to it get into its tokens`,
      fix: full,
    };
  const type = name.includes(':') ? 'oidc-usermodel-client-role-mapper' : 'oidc-usermodel-realm-role-mapper';
  const mapper = grants.mappers.find(({ protocolMapper }) => protocolMapper === type);
  if (mapper === undefined)
    return {
      cause: `the user has the role ${name}, and the client '${claims.azp}' has no scope 'roles', nor a mapper for it`,
      fix: scope,
    };
  return mapperOff(mapper.config, `the role ${name}`, `Client scopes > roles > Mappers > ${mapper.name}`);
}

/** A role of the same name, of the realm or of another client. */
function namesakeOf(name: string, claims: Claims): string | undefined {
  const role = name.slice(name.indexOf(':') + 1);
  const clients = Object.keys((claims.resource_access as object | undefined) ?? {});
  return [role, ...clients.map((client) => `${client}:${role}`)].find((one) => has(claims, `role=${one}`));
}

function aboutGroup(name: string, claims: Claims, grants: Grants | undefined): Advice {
  const bare = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  const other = namesIn(claims.groups).find((one) => bare(one) === bare(name));
  const add = page(
    claims,
    `${claims.azp}-dedicated > Add mapper > Group Membership: Token Claim Name groups`,
  );
  if (other !== undefined)
    return {
      cause: `the token has the group '${other}', and '${name}' is wanted: the mapper's Full group path is ${other.startsWith('/') ? 'ON' : 'OFF'}`,
      fix: `Guard by '${other}', or switch Full group path at the mapper.`,
    };
  const join = `Groups > ${name} > Members > Add member`;
  if (grants === undefined)
    return {
      cause: `the group ${name} is not in the token: the user is not a member, or the client '${claims.azp}' has no Group Membership mapper`,
      fix: `${join}; ${add}. ${ASK}`,
    };
  if (!grants.groups.some((path) => path === name || bare(path) === name))
    return { cause: `the user is not a member of ${name}`, fix: join };
  const isMapper = ({ protocolMapper }: { readonly protocolMapper?: string }) =>
    protocolMapper === 'oidc-group-membership-mapper';
  const mapper = grants.mappers.find(isMapper);
  if (mapper === undefined)
    return {
      cause: `the user is member of ${name}, and no mapper of the client '${claims.azp}' says so in tokens`,
      fix: add,
    };
  const inScope = grants.scopes.find((one) => one.protocolMappers?.some(isMapper));
  if (inScope !== undefined && !inScope.isDefault && !scopesOf(claims).includes(inScope.name ?? ''))
    return {
      cause: `the user is member of ${name}; the mapper is in the scope '${inScope.name}', which is Optional and was not asked for`,
      fix: `Ask for scope=${inScope.name} at login, or make it Default`,
    };
  return mapperOff(mapper.config, `being member of ${name}`, `the mapper ${mapper.name}`);
}

function aboutScope(name: string, claims: Claims, grants: Grants | undefined): Advice {
  const ask = `Ask for scope=${name} at login`;
  const scope = grants?.scopes.find((one) => one.name === name);
  if (grants === undefined || scope === undefined)
    return {
      cause: `the scope ${name} is not in the token: ${grants === undefined ? `it was not asked for, or the client '${claims.azp}' does not have it` : `the client '${claims.azp}' does not have it`}`,
      fix: `${grants === undefined ? `${ask}; if the client does not have it: ` : `${ask}, and `}${page(claims, `Add client scope > ${name}`)}`,
    };
  if (scope.attributes?.['include.in.token.scope'] === 'false')
    return {
      cause: `the client scope ${name} is not named in tokens`,
      fix: `Client scopes > ${name} > Include in token scope ON`,
    };
  return scope.isDefault
    ? { cause: `the scope ${name} came later than the token`, fix: AGAIN }
    : { cause: `the scope ${name} is Optional, and was not asked for`, fix: `${ask}, or make it Default` };
}
