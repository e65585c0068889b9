import type { StartedAuthorization } from '../client/index.ts';
import { type Cookies, cookiesNamed } from './cookies.ts';
import type { Sealer } from './seal.ts';

/** A login under way, kept encrypted in a cookie of the browser that began it. */
export interface LoginTicket extends Omit<StartedAuthorization, 'url'> {
  readonly returnTo: string;
  readonly redirectUri: string;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long a person may take at Keycloak. */
export const TICKET_SECONDS = 600;
/** Logins in several tabs at once; each has about 700 bytes in every request until it is over. */
const MOST_TICKETS = 4;

/** `Set-Cookie` values that begin a login; where there are too many, the oldest go, which a browser sends first. */
export async function issueTicket(
  sealer: Sealer,
  cookies: Cookies,
  header: string | undefined,
  ticket: LoginTicket,
): Promise<string[]> {
  // Anything can be in the header: of other names some cannot even be cleared, and all of them would not fit.
  const known = Object.keys(cookiesNamed(header, cookies.login)).filter((name) =>
    IDENTIFIER.test(name.slice(cookies.login.length)),
  );
  const tooMany = known.length >= MOST_TICKETS ? known.slice(0, MOST_TICKETS) : [];
  const name = cookieNameOf(cookies, ticket.state);
  const sealed = await sealer.seal(name, JSON.stringify(ticket));
  return [...tooMany.map((old) => cookies.clear(old)), cookies.set(name, sealed, TICKET_SECONDS)];
}

/** The ticket of a login with this `state`, or `null`: another browser began it, or it took too long. */
export async function readTicket(
  sealer: Sealer,
  cookies: Cookies,
  header: string | undefined,
  state: string,
  now: number,
): Promise<LoginTicket | null> {
  const name = cookieNameOf(cookies, state);
  const sealed = cookiesNamed(header, cookies.login)[name];
  const text = sealed === undefined ? null : await sealer.open(name, sealed);
  if (text === null) return null;
  const ticket = JSON.parse(text) as LoginTicket;
  return ticket.state === state && now < ticket.expiresAt ? ticket : null;
}

/** What is behind the prefix: the first letters of a `state`, which has 43 of base64url. */
const IDENTIFIER = /^[\w-]{12}$/;

export function cookieNameOf(cookies: Cookies, state: string): string {
  return `${cookies.login}${state.replace(/[^\w-]/g, '').slice(0, 12)}`;
}
