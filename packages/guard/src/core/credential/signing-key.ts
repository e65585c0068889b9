import {
  type AsymmetricKeyDetails,
  createHash,
  createPrivateKey,
  createPublicKey,
  KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { type JsonWebKey, SCHEMES, type Scheme } from '../jwt/signature.ts';

const signLater = promisify(sign) as (
  digest: string | null,
  input: Buffer,
  how: Parameters<typeof sign>[2],
) => Promise<Buffer>;

/** A private key that signs assertions. The key is in closures, so a print shows none. */
export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  /** The public half, as Keycloak reads it from a JWK set (RFC 7517). */
  readonly publicKey: JsonWebKey;
  /** Off the event loop. */
  sign(input: string): Promise<Buffer>;
}

/** A source for {@link readSigningKeys}. */
export type KeySource = string | JsonWebKey | { readonly keys: readonly JsonWebKey[] } | KeyObject;

/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/**
 * The private keys of a PEM, a JWK, a JWK set, or a text of one of them. Public keys of a set are left out.
 *
 * @throws {Error} if there is none, or one does not fit its algorithm; the message holds nothing of a key
 */
export function readSigningKeys(source: KeySource, algorithm?: string): SigningKey[] {
  if (source instanceof KeyObject) return [toSigningKey(source, {}, algorithm)];
  const parsed = typeof source === 'string' ? parse(source) : source;
  if (typeof parsed === 'string') return [toSigningKey(importKey(parsed), {}, algorithm)];
  const { keys } = parsed as { keys?: unknown };
  const jwks = (Array.isArray(keys) ? keys : [parsed]).filter(isPrivate);
  if (jwks.length === 0) throw new Error('there is no private key in it');
  return jwks.map((jwk) => toSigningKey(importKey(jwk), jwk, algorithm));
}

function parse(text: string): string | object {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
}

function isPrivate(jwk: unknown): jwk is JsonWebKey {
  return typeof (jwk as JsonWebKey | null)?.d === 'string';
}

/** Errors of node:crypto can repeat a part of the key. */
function importKey(key: string | JsonWebKey): KeyObject {
  try {
    return typeof key === 'string' ? createPrivateKey(key) : createPrivateKey({ key, format: 'jwk' });
  } catch {
    throw new Error('it is not a private key in PEM or a JWK');
  }
}

function toSigningKey(key: KeyObject, { alg, kid }: JsonWebKey, algorithm?: string): SigningKey {
  if (key.type !== 'private') throw new Error('it is not a private key');
  const name = algorithm ?? (typeof alg === 'string' ? alg : algorithmOf(key));
  const scheme = SCHEMES.get(name);
  if (scheme === undefined || !isFit(key, scheme)) throw new Error('the key does not fit the algorithm');
  const publicKey = createPublicKey(key);
  // As Keycloak names a key that was uploaded as PEM or certificate, so that one name fits both ways.
  const digest = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
  const id = typeof kid === 'string' ? kid : digest.digest('base64url');
  return {
    alg: name,
    kid: id,
    publicKey: { ...publicKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: name },
    sign: (input) => signLater(scheme.digest, Buffer.from(input), { key, ...scheme.how }),
  };
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType !== 'ec') return asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'RS256';
  const { namedCurve } = asymmetricKeyDetails as AsymmetricKeyDetails;
  return CURVES[String(namedCurve)] ?? '';
}

function isFit({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, { keyType, curve }: Scheme): boolean {
  const { modulusLength = MIN_RSA_BITS, namedCurve } = asymmetricKeyDetails as AsymmetricKeyDetails;
  return asymmetricKeyType === keyType && namedCurve === curve && modulusLength >= MIN_RSA_BITS;
}
