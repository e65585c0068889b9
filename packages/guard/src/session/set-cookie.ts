/** What a `Set-Cookie` header is made of. */
export interface NewCookie {
  readonly name: string;
  /** Anything: it is percent-encoded. */
  readonly value: string;
  readonly secure: boolean;
  /** Without it the cookie lives as long as the browser runs. Unit: seconds; 0 takes the cookie away. */
  readonly maxAgeSeconds?: number | undefined;
}

/** RFC 9110 §5.6.2: a token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Browsers drop a cookie with more than these, name and value together, without a word (RFC 6265bis §5.7). */
export const MOST_OCTETS = 4096;

/**
 * A `Set-Cookie` value, for the whole of this host and no script. `Lax`: other sites cannot make the browser send it, except
 * by a link that is followed.
 *
 * @throws {TypeError} for what browsers would not take, or would take for something else; it does not repeat the value
 * @see RFC 6265bis §4.1.1
 */
export function toSetCookie({ name, value, secure, maxAgeSeconds }: NewCookie): string {
  if (!NAME.test(name)) throw new TypeError('The name of a cookie must be a token (RFC 6265bis §4.1.1)');
  // The rest are cookie-octets.
  const encoded = encodeURIComponent(value);
  if (name.length + encoded.length > MOST_OCTETS) {
    throw new TypeError(`The cookie ${name} has more than ${MOST_OCTETS} octets: browsers would drop it`);
  }
  if (maxAgeSeconds !== undefined && !(Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds >= 0)) {
    throw new TypeError(`The lifetime of the cookie ${name} must be whole seconds`);
  }
  return [
    `${name}=${encoded}`,
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
    'Path=/',
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    'SameSite=Lax',
  ].join('; ');
}
