import type { JsonWebKeyInput } from 'node:crypto';

/** A key as `node:crypto` takes it. Newer `@types/node` have no `JsonWebKey` to import. */
export type JsonWebKey = JsonWebKeyInput['key'];

/** The algorithms in the terms of WebCrypto, which differ from those of `node:crypto`. */
type Scheme = RsaHashedImportParams & EcKeyImportParams & RsaPssParams;

/** A public key that is given to WebCrypto when it is first needed, and once. */
const imported = new WeakMap<JsonWebKey, Promise<CryptoKey>>();

/**
 * Verifies a signature with WebCrypto, for runtimes whose `node:crypto` takes no key (Cloudflare Workers). Never rejects.
 *
 * @param jwk a key that was found fit for the algorithm
 * @param alg RFC 7518 §3.1, RFC 8037 §3.1
 */
export async function verifyByWebCrypto(
  input: Uint8Array,
  signature: Uint8Array,
  jwk: JsonWebKey,
  alg: string,
): Promise<boolean> {
  try {
    const scheme = schemeOf(jwk, alg);
    const { subtle } = globalThis.crypto;
    const importing = imported.get(jwk) ?? subtle.importKey('jwk', jwk as never, scheme, false, ['verify']);
    imported.set(jwk, importing);
    return await subtle.verify(scheme, await importing, signature as BufferSource, input as BufferSource);
  } catch {
    return false;
  }
}

function schemeOf({ crv = '' }: JsonWebKey, alg: string): Scheme {
  const bits = alg.slice(2);
  const hash = `SHA-${bits}`;
  const scheme = {
    RS: { name: 'RSASSA-PKCS1-v1_5', hash },
    PS: { name: 'RSA-PSS', hash, saltLength: Number(bits) / 8 },
    ES: { name: 'ECDSA', hash, namedCurve: crv },
  }[alg.slice(0, 2)];
  return (scheme ?? { name: 'Ed25519' }) as Scheme;
}
