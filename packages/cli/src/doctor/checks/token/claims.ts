import {
  addAudience,
  type Check,
  check,
  type Finding,
  fail,
  ok,
  onPage,
  type Say,
  skipped,
  warn,
} from '../../check.ts';
import type { Reach } from '../../context.ts';
import { audienceOf, type Claims, decodeJwt, listIn, scopesOf } from '../../evidence/token.ts';
import { adviseOnAudience } from '../token-input/refusal.ts';

/** The test user's claims, from the login, or else from the example token that Keycloak makes for an admin. */
export async function findClaims(reach: Reach): Promise<Claims | undefined> {
  const own = decodeJwt(await reach.login?.token());
  return own?.claims ?? reach.admin?.exampleClaims().catch(() => undefined);
}

/** Whether a token is lightweight. It lacks claims on purpose, not because of a missing scope. */
export function isLightweight(claims: Claims): boolean {
  const absent = ['sub', 'aud', 'preferred_username', 'email', 'realm_access', 'acr'];
  return absent.every((name) => claims[name] === undefined);
}

export function whyNoClaims(reach: Reach): string {
  if (reach.login !== null) return 'no token: nobody logged in';
  return 'no token: give --user and DOCTOR_PASSWORD, or an admin and --user';
}

type Judge = (claims: Claims, reach: Reach) => Finding | Promise<Finding>;

function aboutScope(id: string, judge: Judge): Check {
  return check(id, ['client.known'], async ({ reach }) => {
    const claims = await findClaims(reach);
    if (claims === undefined) return skipped(whyNoClaims(reach));
    if (isLightweight(claims)) return skipped('the token is lightweight: it holds no such claims');
    return judge(claims, reach);
  });
}

const add = (reach: Reach, scope: string) =>
  onPage(reach, `Client scopes > Add client scope > ${scope} > Default`);

/** Tells a missing scope from an optional one: Keycloak accepts a request for the latter, and refuses an unknown scope. */
async function notGranted(reach: Reach, scope: string): Promise<string> {
  const { status, json } = await reach.client.scopes();
  const isOptional = status !== 0 && json?.error === 'invalid_grant';
  return isOptional
    ? `the client has the scope '${scope}' as Optional, and this service does not ask for it`
    : `the client has no scope '${scope}'`;
}

const has = (claims: Claims, name: string) => claims[name] !== undefined && claims[name] !== '';

const scopeOpenid = aboutScope('scopes.openid', (claims, reach) => {
  if (scopesOf(claims).includes('openid')) return ok('granted');
  return fail(
    `scope: ${claims.scope ?? 'none'}`,
    "the token has no scope 'openid', so userinfo refuses it",
    `Ask for scope=openid at login (this service does), or make a client scope named 'openid': ${add(reach, 'openid')}`,
  );
});

const scopeBasic = aboutScope('scopes.basic', (claims, reach) => {
  if (has(claims, 'sub')) return ok('sub is in the token');
  return fail(
    'no sub in the token',
    "the token does not say who the user is (no 'sub'): the client has no scope 'basic' (Keycloak 25 and later)",
    add(reach, 'basic'),
    [],
  );
});

const scopeProfile = aboutScope('scopes.profile', async (claims, reach) => {
  if (has(claims, 'preferred_username') && has(claims, 'name'))
    return ok('preferred_username and name are in the token');
  const missing = ['preferred_username', 'name'].filter((name) => !has(claims, name));
  const granted = scopesOf(claims).includes('profile');
  if (!granted)
    return fail(
      `no ${missing.join(', ')} in the token`,
      `the user's name is not in the token: ${await notGranted(reach, 'profile')}`,
      add(reach, 'profile'),
      [],
    );
  const user = await reach.admin?.user().catch(() => undefined);
  if (user !== undefined && !user.firstName && !user.lastName)
    return warn(
      'no name in the token',
      'the user has neither first nor last name, so full_name is null',
      `Users > ${user.username} > First name, Last name`,
      [],
    );
  return fail(
    `no ${missing.join(', ')} in the token`,
    `the scope 'profile' is granted, but ${missing.join(' and ')} is not in the token: a mapper is missing, or the user has no name`,
    "Client scopes > profile > Mappers: 'username' and 'full name' with Add to access token ON; Users > the user: First name, Last name",
  );
});

const scopeEmail = aboutScope('scopes.email', async (claims, reach) => {
  if (has(claims, 'email')) return ok('email is in the token');
  if (!scopesOf(claims).includes('email'))
    return fail(
      'no email in the token',
      `the user's email is not in the token: ${await notGranted(reach, 'email')}`,
      add(reach, 'email'),
      [],
    );
  return warn(
    'no email in the token',
    "the scope 'email' is granted, but there is no email in the token: the user has none, or the mapper is missing",
    'Users > the user > Email; or Client scopes > email > Mappers > email: Add to access token ON',
    [],
  );
});

/** Only a warning: a user may have no roles, and only guards for roles need them. */
const scopeRoles = aboutScope('scopes.roles', async (claims, reach) => {
  const said = (claims.realm_access as { roles?: unknown } | undefined)?.roles;
  const realmRoles = listIn(said);
  const clients = Object.keys((claims.resource_access as object | undefined) ?? {});
  if (realmRoles.length + clients.length > 0)
    return ok(`${realmRoles.length} realm roles, roles of ${clients.length} clients`);
  const say = (...words: Parameters<Say>) => warn('no roles in the token', ...words);
  if (said !== undefined && !Array.isArray(said))
    return say(
      'realm_access.roles is no list in the token, so no guard reads a role: the mapper of the realm roles has Multivalued OFF',
      'Client scopes > roles > Mappers > realm roles > Multivalued ON',
    );
  const client = await reach.admin?.client().catch(() => undefined);
  const hasScope = client === undefined ? undefined : client.defaultClientScopes?.includes('roles');
  if (hasScope === true && client?.fullScopeAllowed === false)
    return say(
      'the client has no full scope: only roles that are mapped to it get into its tokens, and none is',
      `${onPage(reach, `Client scopes > ${reach.caller.clientId}-dedicated > Scope > Full scope allowed ON`)}, or assign the roles there`,
    );
  if (hasScope === false)
    return say("no roles are in the token: the client has no scope 'roles'", add(reach, 'roles'), []);
  if (hasScope === true)
    return say(
      "no roles are in the token, though the client has the scope 'roles': its mappers put none in, or the user has no roles",
      'Client scopes > roles > Mappers > realm roles, client roles: Add to access token ON; Users > the user > Role mapping',
    );
  return say(
    "no roles are in the token: the client has no scope 'roles' or its mappers are off, or no full scope, or the user has no roles",
    `${add(reach, 'roles')}; ${onPage(reach, `Client scopes > ${reach.caller.clientId}-dedicated > Scope > Full scope allowed ON`)}; Users > the user > Role mapping`,
    [],
  );
});

const mapperAudience = check('mappers.audience', ['client.known'], async ({ reach }) => {
  const claims = await findClaims(reach);
  if (claims === undefined) return skipped(whyNoClaims(reach));
  const { clientId, realm } = reach.caller;
  const audiences = reach.config.audience ?? [clientId];
  const there = audienceOf(claims);
  const seen = `aud: ${there.join(', ') || 'none'}`;
  if (audiences.some((one) => there.includes(one)) && there.includes(clientId)) return ok(seen);
  if (isLightweight(claims)) return skipped('the token is lightweight: it has no aud');
  if (reach.config.audience !== undefined && !audiences.some((one) => there.includes(one)))
    return fail(
      seen,
      `this service wants one of '${audiences.join("', '")}' in aud (KEYCLOAK_AUDIENCE), and the token has none of them: every token is refused`,
      await adviseOnAudience(reach, clientId, audiences),
    );
  // Only a warning: this service then asks userinfo, which the check login.userinfo examines.
  return warn(
    seen,
    `the client '${clientId}' is not in the token's aud: introspection calls such tokens inactive (Keycloak 26.6.2 and later), other services cannot tell that the token is for this API, and of a login without the scope openid Keycloak cannot be asked at all: such a token is good until it expires, whatever happens to its user`,
    `${addAudience(clientId, clientId)}\nOr: keycloak-guard setup (realm ${realm}) adds it.`,
    [],
  );
});

export const SCOPE_CHECKS = [scopeOpenid, scopeBasic, scopeProfile, scopeEmail, scopeRoles, mapperAudience];
