import {
  type AsymmetricKeyDetails,
  constants,
  createPublicKey,
  type JsonWebKeyInput,
  type KeyObject,
  verify,
} from 'node:crypto';

/** A key as `node:crypto` takes it. Newer `@types/node` have no `JsonWebKey` to import. */
export type JsonWebKey = JsonWebKeyInput['key'];

/** The algorithms in the terms of WebCrypto, which differ from those of `node:crypto`. */
type WebCryptoScheme = RsaHashedImportParams & EcKeyImportParams & RsaPssParams;

/** A public key that is given to WebCrypto when it is first needed, and once. */
const imported = new WeakMap<JsonWebKey, Promise<CryptoKey>>();

/**
 * Verifies a signature with WebCrypto, for runtimes whose `node:crypto` takes no key (Cloudflare Workers). Never rejects.
 *
 * @param jwk a key that was found fit for the algorithm
 * @param alg RFC 7518 §3.1, RFC 8037 §3.1
 */
async function verifyByWebCrypto(
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

function schemeOf({ crv = '' }: JsonWebKey, alg: string): WebCryptoScheme {
  const bits = alg.slice(2);
  const hash = `SHA-${bits}`;
  const scheme = {
    RS: { name: 'RSASSA-PKCS1-v1_5', hash },
    PS: { name: 'RSA-PSS', hash, saltLength: Number(bits) / 8 },
    ES: { name: 'ECDSA', hash, namedCurve: crv },
  }[alg.slice(0, 2)];
  return (scheme ?? { name: 'Ed25519' }) as WebCryptoScheme;
}

/** A public key, and how it verifies (RFC 7518 §3, RFC 8037 §3.1). */
export interface VerificationKey {
  readonly digest: string | null;
  /** For WebCrypto. */
  readonly jwk: JsonWebKey;
  readonly alg: string;
  /** Of an RSA key. Unit: bytes. */
  readonly modulusLength?: number;
  readonly options: {
    readonly key: KeyObject;
    readonly padding?: number;
    readonly saltLength?: number;
    readonly dsaEncoding?: 'ieee-p1363';
  };
}

/** How an algorithm signs. */
export interface Scheme {
  /** `null` where the algorithm has its own. */
  readonly digest: string | null;
  readonly keyType: 'rsa' | 'ec' | 'ed25519';
  readonly curve?: string;
  readonly how?: Omit<VerificationKey['options'], 'key'>;
}

const rsa = (digest: string): Scheme => ({ digest, keyType: 'rsa' });
const pss = (digest: string): Scheme => ({
  ...rsa(digest),
  how: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
});
const ecdsa = (digest: string, curve: string): Scheme => ({
  ...{ digest, curve, keyType: 'ec' },
  how: { dsaEncoding: 'ieee-p1363' },
});
const ed25519: Scheme = { digest: null, keyType: 'ed25519' };

export const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ['RS256', rsa('sha256')],
  ['RS384', rsa('sha384')],
  ['RS512', rsa('sha512')],
  ['PS256', pss('sha256')],
  ['PS384', pss('sha384')],
  ['PS512', pss('sha512')],
  ['ES256', ecdsa('sha256', 'prime256v1')],
  ['ES384', ecdsa('sha384', 'secp384r1')],
  ['ES512', ecdsa('sha512', 'secp521r1')],
  ['EdDSA', ed25519],
  ['Ed25519', ed25519],
]);

/**
 * Asymmetric JWS algorithms of RFC 7518 §3, RFC 8037 and RFC 9864 that Keycloak can sign with. `none` and `HS*` are
 * not among them: a key of the JWKS is public, so a symmetric algorithm would make it a shared secret (RFC 8725
 * §2.1).
 */
export const ALGORITHMS: readonly string[] = [...SCHEMES.keys()];

/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;
/** RFC 8017 §3.1; odd, because only an odd number has an inverse there. With 1, a signature is the padded digest itself. */
const MIN_RSA_EXPONENT = 3n;
/** Keys in use have 65537. Whoever proves a token chooses the key, and one with more would cost two hundred times as much. */
const [MAX_RSA_BITS, MAX_RSA_EXPONENT] = [8192, 2n ** 32n];

/**
 * Makes a key of its public parameters (RFC 7517): other members of the JWK do not count.
 *
 * @param alg one of {@link ALGORITHMS}
 * @throws {Error} if it is not a public key, is too weak, or does not fit the algorithm
 */
export function importVerificationKey(jwk: JsonWebKey, alg: string): VerificationKey {
  const scheme = SCHEMES.get(alg) as Scheme;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const {
    namedCurve,
    modulusLength = MIN_RSA_BITS,
    publicExponent = MIN_RSA_EXPONENT,
  } = key.asymmetricKeyDetails as AsymmetricKeyDetails;
  const isFit = key.asymmetricKeyType === scheme.keyType && namedCurve === scheme.curve;
  const isStrong = modulusLength >= MIN_RSA_BITS && publicExponent >= MIN_RSA_EXPONENT;
  const isCheap = modulusLength <= MAX_RSA_BITS && publicExponent < MAX_RSA_EXPONENT;
  if (!isFit || !isStrong || !isCheap || publicExponent % 2n === 0n)
    throw new Error(`The key is not fit for ${alg}`);
  const length = scheme.keyType === 'rsa' ? { modulusLength: Math.ceil(modulusLength / 8) } : {};
  return { digest: scheme.digest, jwk, alg, ...length, options: { key, ...scheme.how } };
}

/** Resolves to whether the key made the signature. Off the event loop; never rejects. */
export function verifySignature(input: Buffer, signature: Buffer, key: VerificationKey): Promise<boolean> {
  const { modulusLength = signature.length } = key;
  // RFC 8017 §8.1.2: OpenSSL takes a signature of RSASSA-PSS, too, that lost a first byte of zero.
  if (signature.length !== modulusLength) return Promise.resolve(false);
  return new Promise((resolve) => {
    try {
      verify(key.digest, input, key.options, signature, (_error, isGood) => resolve(isGood === true));
    } catch {
      // It takes no key of the kind that it makes itself: so it is on Cloudflare Workers.
      resolve(verifyByWebCrypto(input, signature, key.jwk, key.alg));
    }
  });
}
