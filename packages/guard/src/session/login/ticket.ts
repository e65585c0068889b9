import type { StartedAuthorization } from '../../client/index.ts';
import type { RequiredSignIn } from '../../core/index.ts';
import { type Cookies, LARGEST_COOKIE, readCookiesStartingWith } from '../cookie/cookies.ts';
import type { Sealer } from '../cookie/seal.ts';

/** A login under way, kept encrypted in a cookie of the browser that began it. */
export interface LoginTicket extends Omit<StartedAuthorization, 'url'> {
  readonly returnTo: string;
  readonly redirectUri: string;
  readonly signIn?: RequiredSignIn | undefined;
  /** Alias of the organization that the person wants to act for. */
  readonly organization?: string | undefined;
  /** Whether Keycloak must ask the person nothing. */
  readonly isSilent: boolean;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long a person may take at Keycloak. */
export const TICKET_SECONDS = 600;
/** Logins in several tabs at once; each has about 700 bytes in every request until it is over. */
const MOST_TICKETS = 4;
/**
 * Most bytes that they may have together. A page that opens links with long `return_to`s would otherwise fill the header,
 * and every request of that browser be refused: nginx takes 8 KiB of one header, Node 16 KiB of all.
 */
const MOST_OCTETS = 6 * 1024;
/** The header can contain anything, and each costs a decryption; logins that begin at once may leave one or two too many. */
const MOST_DECRYPTED = 8;

/**
 * `Set-Cookie` values that begin a login; where there are too many, the oldest goes.
 *
 * @param home where the person returns to if the path and all else do not fit into a cookie
 */
export function issueTicket(
  sealer: Sealer,
  cookies: Cookies,
  header: string | undefined,
  ticket: LoginTicket,
  home: string,
): string[] {
  const known = readTickets(sealer, cookies, header);
  const name = cookieNameOf(cookies, ticket.state);
  const seal = (one: LoginTicket) => sealer.seal(name, JSON.stringify(one));
  const whole = seal(ticket);
  const sealed = name.length + whole.length <= LARGEST_COOKIE ? whole : seal({ ...ticket, returnTo: home });
  const newestFirst = known.toSorted((a, b) => b.expiresAt - a.expiresAt);
  let octets = name.length + sealed.length;
  const firstTooMany = newestFirst.findIndex((old, i) => {
    octets += old.octets;
    return i + 1 >= MOST_TICKETS || octets > MOST_OCTETS;
  });
  const tooMany = firstTooMany === -1 ? [] : newestFirst.slice(firstTooMany);
  return [...tooMany.map((old) => cookies.clear(old.name)), cookies.set(name, sealed, TICKET_SECONDS)];
}

/** The logins under way in this browser. Cookies that were not made here are not ours to count or clear. */
function readTickets(sealer: Sealer, cookies: Cookies, header: string | undefined) {
  const candidates = [...readCookiesStartingWith(header, cookies.login)].filter(
    ([name, value]) => IDENTIFIER.test(name.slice(cookies.login.length)) && SEALED.test(value),
  );
  return candidates.slice(-MOST_DECRYPTED).flatMap(([name, value]) => {
    const content = sealer.open(name, value);
    if (content === null) return [];
    const { expiresAt } = JSON.parse(content) as LoginTicket;
    return [{ name, expiresAt, octets: name.length + value.length }];
  });
}

/** The ticket of a login with this `state`, or `null`: another browser began it, or it took too long. */
export function readTicket(
  sealer: Sealer,
  cookies: Cookies,
  header: string | undefined,
  state: string,
  now: number,
): LoginTicket | null {
  const name = cookieNameOf(cookies, state);
  const sealed = readCookiesStartingWith(header, cookies.login).get(name);
  const opened = sealed === undefined ? null : sealer.open(name, sealed);
  if (opened === null) return null;
  const ticket = JSON.parse(opened) as LoginTicket;
  return ticket.state === state && now < ticket.expiresAt ? ticket : null;
}

/** After the prefix: the first letters of a `state`, which has 43 of base64url. */
const IDENTIFIER = /^[\w-]{12}$/;
/** A JWE in its compact form. */
const SEALED = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;

export function cookieNameOf(cookies: Cookies, state: string): string {
  return `${cookies.login}${state.replace(/[^\w-]/g, '').slice(0, 12)}`;
}
