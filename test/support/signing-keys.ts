import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { kept } from './kept.ts';

/** A key pair as an identity provider holds it. Signs with node:crypto, so that no code of jose or core is shared. */
export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly use: 'sig' | 'enc';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As it stands in a JWKS. */
  readonly jwk: JsonWebKey & { kid: string; alg: string; use: string };
}

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export function createTestKey(
  alg: string,
  options: { kid?: string; use?: 'sig' | 'enc'; bits?: number } = {},
): TestKey {
  const { kid = `${alg}-${randomUUID()}`, use = 'sig', bits = 2048 } = options;
  const { privateKey, publicKey } = generate(alg, bits);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use } as TestKey['jwk'];
  return { kid, alg, use, privateKey, publicKey, jwk };
}

function generate(alg: string, bits: number): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519');
  const namedCurve = CURVES[alg];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  const pem = kept(
    `rsa-${bits}-${rsaKeys++}.pem`,
    () =>
      generateKeyPairSync('rsa', {
        modulusLength: bits,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).privateKey,
  );
  return { privateKey: createPrivateKey(pem), publicKey: createPublicKey(pem) };
}

/** How many RSA keys this process made: it gets none twice. */
let rsaKeys = 0;

/** RFC 7518 §3: the signature of `input` by the key, for any algorithm it can do. */
export function signBytes(input: string | Buffer, key: KeyObject, alg: string): Buffer {
  const data = Buffer.from(input);
  if (alg === 'EdDSA' || alg === 'Ed25519') return sign(null, data, key);
  const digest = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
  if (alg.startsWith('PS'))
    return sign(digest, data, { key, padding: 6, saltLength: Number(alg.slice(2)) / 8 });
  return sign(digest, data, key);
}

/** What JSON.stringify cannot write (duplicate members, broken bytes) is given as a text or as bytes. */
export type Part = object | string | Buffer;

export function encodePart(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString('base64url');
}

export function signCompact(header: Part, payload: Part, key: KeyObject, alg: string): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${signBytes(input, key, alg).toString('base64url')}`;
}

export function decodePart<T = Record<string, unknown>>(token: string, index: 0 | 1): T {
  return JSON.parse(Buffer.from(token.split('.')[index] as string, 'base64url').toString()) as T;
}
