import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Encrypts data that is kept elsewhere: sessions in a store, a pending login in the browser. */
export type Sealer = ReturnType<typeof createSealer>;

const CIPHER = 'aes-256-gcm';
/** RFC 7518 §5.3: 96 bits, new for each text, and a tag of 128. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * JWE (RFC 7516 §7.1), `dir` with A256GCM. The key is derived from secret and context (HKDF, RFC 5869). For a session the
 * context is the id that only the browser has: the store and the secret together do not open it.
 *
 * @param secrets the first seals, all open
 */
export function createSealer(secrets: readonly string[]) {
  const keys = secrets.map((secret) => ({ header: toHeader(secret), secret }));
  const [first] = keys;
  if (first === undefined) throw new TypeError('createSealer: the secret is missing');

  return {
    /** @param context a value sealed for one context cannot be opened for another */
    seal(context: string, text: string): string {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, deriveKey(first.secret, context), iv);
      cipher.setAAD(Buffer.from(first.header));
      const sealed = [iv, Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]), cipher.getAuthTag()];
      return `${first.header}..${sealed.map((part) => part.toString('base64url')).join('.')}`;
    },
    /** The string; `null` if it was not sealed with one of the secrets for this context. */
    open(context: string, sealed: string): string | null {
      const [header, noKey, ...parts] = sealed.split('.');
      const key = keys.find((one) => one.header === header);
      if (key === undefined || noKey !== '' || parts.length !== 3) return null;
      const [iv, text, tag] = parts.map((part) => Buffer.from(part, 'base64url'));
      if (iv?.length !== IV_BYTES || tag?.length !== TAG_BYTES || text === undefined) return null;
      try {
        const decipher = createDecipheriv(CIPHER, deriveKey(key.secret, context), iv);
        decipher.setAAD(Buffer.from(key.header)).setAuthTag(tag);
        return decipher.update(text, undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return null;
      }
    },
  };
}

/** With a key id, so that each text is tried with one secret alone. */
function toHeader(secret: string): string {
  const kid = createHash('sha256').update(`key id ${secret}`).digest('base64url').slice(0, 8);
  return Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid })).toString('base64url');
}

/** RFC 5869. */
const deriveKey = (secret: string, context: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, context, 'keycloak-guard session', 32));

/**
 * Signs cookie values, so forged or changed ones are recognized.
 *
 * HMAC with SHA-256, as base64 without `=`, behind a dot. `@fastify/cookie` and `cookie-signature` write the same: users
 * signed in with one of them stay signed in.
 *
 * @param secrets the first signs, all are accepted
 */
export function createCookieSigner(secrets: readonly string[]) {
  const [first] = secrets;
  if (first === undefined) throw new TypeError('createCookieSigner: the secret is missing');
  return {
    sign: (value: string): string => `${value}.${signatureOf(value, first)}`,
    /** The value; `null` if none of the secrets signed it. */
    read(signed: string): string | null {
      const dot = signed.lastIndexOf('.');
      if (dot === -1) return null;
      const value = signed.slice(0, dot);
      const signature = signed.slice(dot + 1);
      return secrets.some((secret) => isEqual(signature, signatureOf(value, secret))) ? value : null;
    },
  };
}

function signatureOf(value: string, secret: string): string {
  return createHmac('sha256', secret).update(value).digest('base64').replace(/=+$/, '');
}

/** In a time that does not depend on where they differ. */
function isEqual(actual: string, expected: string): boolean {
  const [a, b] = [Buffer.from(actual), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
