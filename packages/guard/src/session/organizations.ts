import type { Principal } from '../core/index.ts';
import { headerOf, tenantsOf } from '../core/internal.ts';
import type { SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import { parameterOf, type SessionRequest } from './request.ts';

// Where the organizations of the realm are the tenants, a session acts for one of them, or for none.

const LONGEST_ALIAS = 255;
/** A scope that stands for every organization of the person. */
const ALL = 'organization:*';

/** Whether it can stand in a scope, and names one organization (RFC 6749 §3.3: a space would begin another scope). */
export function isAlias(text: string | undefined): text is string {
  return (
    text !== undefined &&
    text !== '' &&
    text !== '*' &&
    text.length <= LONGEST_ALIAS &&
    !/[\s\p{Cc}"\\]/u.test(text)
  );
}

/** The organization that the query of the login path asks for. */
export function organizationIn({ hasOrganizations }: SessionContext, url: string): string | undefined {
  const alias = hasOrganizations ? parameterOf(url, 'organization') : undefined;
  return isAlias(alias) ? alias : undefined;
}

/** The scopes of a login for one organization. */
export function toOrganizationScope(scope: string, organization: string | undefined): string {
  const scopes = scope.split(' ');
  if (organization === undefined || scopes.includes(ALL)) return scope;
  const others = scopes.filter((one) => one !== 'organization' && !one.startsWith('organization:'));
  return [...others, `organization:${organization}`].join(' ');
}

/**
 * What a new session acts for: what was asked for, or the only organization of the token. What it is stays as it is, though
 * the person may leave the organization or join others.
 *
 * @returns `null` if the person is no member of what was asked for
 */
export function activeOf(principal: Principal, asked: string | undefined): string | null | undefined {
  if (asked === undefined) return principal.tenant;
  return tenantsOf(principal).includes(asked) ? asked : null;
}

/**
 * Whether a person has to say first that they want to act for another organization: they are signed in, and a page of another
 * site led them here. Browsers of today say so (Fetch Metadata Request Headers §2.3).
 */
export async function mustConfirm(
  { keeper, placeOf }: SessionContext,
  request: SessionRequest,
  asked: string,
): Promise<boolean> {
  const site = headerOf(request.headers, 'sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const cookie = readCookie(headerOf(request.headers, 'cookie'), placeOf(request).cookies.session);
  const active = cookie === undefined ? undefined : (await keeper.peek(cookie))?.record.organization;
  return active !== undefined && active !== asked;
}
