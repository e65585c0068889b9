import { createHmac, timingSafeEqual } from 'node:crypto';

/** Signs the values of cookies: whoever changes one, or makes one up, has none. */
export interface CookieSigner {
  sign(value: string): string;
  /** What was signed here, else `null`. */
  read(signed: string): SignedValue | null;
}

export interface SignedValue {
  readonly value: string;
  /** Signed with another secret than the first: that one may be taken out of use. */
  readonly isOfOldSecret: boolean;
}

/**
 * HMAC with SHA-256, as base64 without `=`, behind a dot. `@fastify/cookie` and `cookie-signature` write the same: who was
 * signed in with one of them stays signed in.
 *
 * @param secrets the first signs, all are accepted
 */
export function createCookieSigner(secrets: readonly string[]): CookieSigner {
  const [first] = secrets;
  if (first === undefined) throw new TypeError('createCookieSigner: there is no secret');
  return {
    sign: (value) => `${value}.${signatureOf(value, first)}`,
    read(signed) {
      const dot = signed.lastIndexOf('.');
      if (dot === -1) return null;
      const value = signed.slice(0, dot);
      const signature = signed.slice(dot + 1);
      const by = secrets.find((secret) => isEqual(signature, signatureOf(value, secret)));
      return by === undefined ? null : { value, isOfOldSecret: by !== first };
    },
  };
}

function signatureOf(value: string, secret: string): string {
  return createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '');
}

/** How long it takes tells nothing about where they differ. */
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
