import type { StartedAuthorization } from '../client/index.ts';
import type { RequiredSignIn } from '../core/index.ts';
import { type Cookies, cookiesNamed } from './cookies.ts';
import type { Sealer } from './seal.ts';

/** A login under way, kept encrypted in a cookie of the browser that began it. */
export interface LoginTicket extends Omit<StartedAuthorization, 'url'> {
  readonly returnTo: string;
  readonly redirectUri: string;
  /** What a guard asked for. */
  readonly signIn?: RequiredSignIn | undefined;
  /** Unit: milliseconds since 1970. */
  readonly expiresAt: number;
}

/** How long a person may take at Keycloak. */
export const TICKET_SECONDS = 600;
/** Logins in several tabs at once; each has about 700 bytes in every request until it is over. */
const MOST_TICKETS = 4;
/** Anything can be in the header; more of our own than these are never there. */
const MOST_LOOKED_AT = 20;

/** `Set-Cookie` values that begin a login; where there are too many, the oldest goes. */
export async function issueTicket(
  sealer: Sealer,
  cookies: Cookies,
  header: string | undefined,
  ticket: LoginTicket,
): Promise<string[]> {
  const known = await readTickets(sealer, cookies, header);
  const tooMany = known.toSorted((a, b) => a.expiresAt - b.expiresAt).slice(0, 1 - MOST_TICKETS);
  const name = cookieNameOf(cookies, ticket.state);
  const sealed = await sealer.seal(name, JSON.stringify(ticket));
  return [...tooMany.map((old) => cookies.clear(old.name)), cookies.set(name, sealed, TICKET_SECONDS)];
}

/** The logins that are under way in this browser. Cookies that were not made here are not ours to count, or to clear. */
async function readTickets(sealer: Sealer, cookies: Cookies, header: string | undefined) {
  const named = [...cookiesNamed(header, cookies.login)].filter(
    ([name, value]) => IDENTIFIER.test(name.slice(cookies.login.length)) && SEALED.test(value),
  );
  const opened = await Promise.all(
    named.slice(-MOST_LOOKED_AT).map(async ([name, value]) => {
      const found = await sealer.open(name, value);
      return found === null ? [] : [{ name, expiresAt: (JSON.parse(found.text) as LoginTicket).expiresAt }];
    }),
  );
  return opened.flat();
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
  const sealed = cookiesNamed(header, cookies.login).get(name);
  const opened = sealed === undefined ? null : await sealer.open(name, sealed);
  if (opened === null) return null;
  const ticket = JSON.parse(opened.text) as LoginTicket;
  return ticket.state === state && now < ticket.expiresAt ? ticket : null;
}

/** What is behind the prefix: the first letters of a `state`, which has 43 of base64url. */
const IDENTIFIER = /^[\w-]{12}$/;
/** A JWE in its compact form. */
const SEALED = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;

export function cookieNameOf(cookies: Cookies, state: string): string {
  return `${cookies.login}${state.replace(/[^\w-]/g, '').slice(0, 12)}`;
}
