import { createHash, hkdfSync } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

/** Encrypts what is kept elsewhere: sessions in a store, a login under way in the browser. */
export interface Sealer {
  /** @param context whatever is sealed for one context cannot be opened for another */
  seal(context: string, text: string): Promise<string>;
  /** The text, or `null` where it was not sealed with one of the secrets for this context. */
  open(context: string, sealed: string): Promise<Opened | null>;
}

export interface Opened {
  readonly text: string;
  /** Sealed with another secret than the first: that one may be taken out of use. */
  readonly isOfOldSecret: boolean;
}

/**
 * JWE (RFC 7516), `dir` with A256GCM. The key is derived from secret and context (HKDF, RFC 5869). For a session the
 * context is the id that only the browser has: the store and the secret together do not open it.
 *
 * @param secrets the first seals, all open
 */
export function createSealer(secrets: readonly string[]): Sealer {
  const keys = secrets.map((secret) => ({
    id: createHash('sha256').update(`key id ${secret}`).digest('base64url').slice(0, 8),
    derive: (context: string) =>
      new Uint8Array(hkdfSync('sha256', secret, context, 'keycloak-guard session', 32)),
  }));
  const [first] = keys;
  if (first === undefined) throw new TypeError('createSealer: there is no secret');

  return {
    seal: (context, text) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.id })
        .encrypt(first.derive(context)),
    async open(context, sealed) {
      try {
        const { kid } = decodeProtectedHeader(sealed);
        const key = keys.find(({ id }) => id === kid);
        if (key === undefined) return null;
        const { plaintext } = await compactDecrypt(sealed, key.derive(context), {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return { text: new TextDecoder().decode(plaintext), isOfOldSecret: key !== first };
      } catch {
        return null;
      }
    },
  };
}
