import type { Principal, RequiredSignIn } from '../../core/index.ts';
import { headerOf, type SignInDemand, targetOf, tenantsOf } from '../../core/internal.ts';
import { type AppAddress, loginPathOf, type SessionContext, sessionCookieOf } from '../context.ts';
import { redirectTo, type SessionAnswer } from '../http/answer.ts';
import { isPageRequest, parameterOf, type SessionRequest, toReturnPath } from '../http/request.ts';
import { TICKET_SECONDS } from './ticket.ts';

/**
 * The path of the requested page, as the browser knows it: a proxy may have taken the app's own path away. Of a form, which cannot
 * be sent again, it is the page that has the form; `undefined` where the browser does not name that.
 */
function toPagePath({ origin, path }: AppAddress, request: SessionRequest): string | undefined {
  const isOfApp = (page: string) => page.startsWith(path) && /^([/?]|$)/.test(page.slice(path.length));
  const toPath = (page: string) => toReturnPath(page, origin, `${path}/`);
  if (request.method === 'POST') {
    const from = headerOf(request.headers, 'referer');
    const page = from?.startsWith(origin) ? from.slice(origin.length) : '';
    return page !== '' && isOfApp(page) ? toPath(page) : undefined;
  }
  const target = targetOf(request.url);
  return toPath(isOfApp(target) ? target : `${path}${target}`);
}

/** The redirect to the login and back, if a browser asks for a page; `null` for other requests. */
export function inviteToLogin(
  { options, addressOf }: SessionContext,
  request: SessionRequest,
): SessionAnswer | null {
  if (!options.redirectToLogin || !isPageRequest(request)) return null;
  const address = addressOf(request);
  const page = toPagePath(address, request) ?? `${address.path}/`;
  const login = loginPathOf(options, address);
  return isLogin(page, login) ? null : redirectTo(`${login}?return_to=${encodeURIComponent(page)}`);
}

/** A guard in front of the paths of sessions would send the browser round in circles: there its refusal is the answer. */
const isLogin = (page: string, login: string): boolean => page.split('?')[0] === login;

const LONGEST_ALIAS = 255;
const ALL_ORGANIZATIONS = 'organization:*';

/** Whether it can stand in a scope, and stands for one organization (RFC 6749 §3.3: a space would begin another scope). */
function isAlias(text: string | undefined): text is string {
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

export function toOrganizationScope(scope: string, organization: string | undefined): string {
  const scopes = scope.split(' ');
  if (organization === undefined || scopes.includes(ALL_ORGANIZATIONS)) return scope;
  const others = scopes.filter((one) => one !== 'organization' && !one.startsWith('organization:'));
  return [...others, `organization:${organization}`].join(' ');
}

/**
 * The organization that a new session acts for until its end: the requested one, or the only one of the token.
 *
 * @returns `null` if the person is no member of the requested one
 */
export function activeOf(principal: Principal, requested: string | undefined): string | null | undefined {
  if (requested === undefined) return principal.tenant;
  return tenantsOf(principal).includes(requested) ? requested : null;
}

/**
 * Whether a person has to say first that they want to act for another organization: they are signed in, and a page of another
 * site led them here. Browsers of today say so (Fetch Metadata Request Headers §2.3).
 */
export async function mustConfirm(
  context: SessionContext,
  request: SessionRequest,
  requested: string,
): Promise<boolean> {
  const site = headerOf(request.headers, 'sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const cookie = sessionCookieOf(context, request);
  const active = cookie === undefined ? undefined : (await context.keeper.peek(cookie))?.record.organization;
  return active !== undefined && active !== requested;
}

/** A guard's demand, sealed: only a guard can make Keycloak ask for it. */
interface StepUp {
  readonly signIn?: RequiredSignIn | undefined;
  readonly organization?: string | undefined;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

export const STEP_UP = 'step_up';

/**
 * Where to send a page whose person has to sign in more strongly, or again; from there the browser goes to Keycloak, and
 * back to the page (RFC 9470 §4). `undefined` where the request is for no page: what a script sent cannot be sent again; nor for a
 * form of another organization: it is for that of its page, and would be lost.
 */
export function toStepUpPath(
  { options, sealer, addressOf, hasOrganizations }: SessionContext,
  request: SessionRequest,
  { signIn, tenant }: SignInDemand,
): string | undefined {
  if (!options.stepUp || !isPageRequest(request)) return undefined;
  const organization = hasOrganizations && isAlias(tenant) ? tenant : undefined;
  if (signIn === undefined && (organization === undefined || request.method === 'POST')) return undefined;
  const address = addressOf(request);
  const returnTo = toPagePath(address, request);
  const login = loginPathOf(options, address);
  if (returnTo === undefined || isLogin(returnTo, login)) return undefined;
  const ticket: StepUp = { signIn, organization, expiresAt: options.clock() + TICKET_SECONDS * 1000 };
  const parameters = new URLSearchParams({
    return_to: returnTo,
    [STEP_UP]: sealer.seal(STEP_UP, JSON.stringify(ticket)),
  });
  return `${login}?${parameters}`;
}

/** The demand that a login was begun for; empty if no guard made one, or too long ago. */
export function readStepUp(
  { options, sealer }: SessionContext,
  url: string,
): Pick<StepUp, 'signIn' | 'organization'> {
  const opened = sealer.open(STEP_UP, parameterOf(url, STEP_UP) ?? '');
  if (opened === null) return {};
  const { signIn, organization, expiresAt } = JSON.parse(opened) as StepUp;
  return options.clock() < expiresAt ? { signIn, organization } : {};
}

/** One value: of several Keycloak takes the weakest. */
export function toSignInParameters({ acr, maxAge }: RequiredSignIn): Record<string, string> {
  return {
    ...(acr?.[0] === undefined ? {} : { acr_values: acr[0] }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  };
}
