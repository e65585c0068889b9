import { createHash } from 'node:crypto';

/** Longest part of a client id that is taken over as it is. */
const LONGEST = 40;
/** How a name with a hash ends: no client id that is taken over whole may end like this. */
const AS_HASHED = /(?:^|-)[0-9a-f]{8}$/;

/**
 * The name of the session cookie of a client: `session-my-app`. Cookies know no port, and `__Host-` ones no path: two
 * apps on one host would sign each other out, were their cookies called the same. A client id may hold anything; what
 * cannot stand in a name becomes `-`, and then a part of its hash tells it from others (RFC 6265 §4.1.1).
 */
export function toCookieName(clientId: string): string {
  const safe = clientId
    .slice(0, LONGEST)
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (safe === clientId && !AS_HASHED.test(safe)) return `session-${safe}`;
  const hash = createHash('sha256').update(clientId).digest('hex').slice(0, 8);
  return ['session', safe, hash].filter(Boolean).join('-');
}

/**
 * Whether a name may be chosen. Not with `__` in front: names such as `__Host-` and `__Secure-` mean something to
 * browsers, and the right one is put there by itself.
 */
export function isCookieName(name: unknown): boolean {
  return typeof name === 'string' && /^[A-Za-z0-9][\w.-]{0,79}$/.test(name);
}
