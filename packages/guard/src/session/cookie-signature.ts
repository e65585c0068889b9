import { createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedValue {
  readonly value: string;
  /** Signed with another secret than the first: that one may be taken out of use. */
  readonly isOfOldSecret: boolean;
}

/**
 * Signs cookie values, so forged or changed ones are recognized.
 *
 * HMAC with SHA-256, as base64 without `=`, behind a dot. `@fastify/cookie` and `cookie-signature` write the same: who was
 * signed in with one of them stays signed in.
 *
 * @param secrets the first signs, all are accepted
 */
export function createCookieSigner(secrets: readonly string[]) {
  const [first] = secrets;
  if (first === undefined) throw new TypeError('createCookieSigner: the secret is missing');
  return {
    sign: (value: string): string => `${value}.${signatureOf(value, first)}`,
    /** The signed value; `null` for any other. */
    read(signed: string): SignedValue | null {
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
