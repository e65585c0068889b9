import { randomBytes, randomUUID } from 'node:crypto';
import {
  CompactSign,
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { RealmRepresentation } from '../realm/representation.ts';

/** Algorithms that the provider signs tokens with. */
export type SigningAlgorithm = 'RS256' | 'ES256';

/** The keys of a provider as plain data, private ones too. Pass them to `startDevIdp`. */
export interface StoredKeys {
  /** Private signing keys, the current one of each algorithm first. */
  readonly signing: readonly Readonly<Record<string, unknown>>[];
  /** Public encryption key. */
  readonly encryption: Readonly<Record<string, unknown>>;
  /** Key id of the secret. */
  readonly secretId: string;
  /** HMAC secret for refresh tokens. */
  readonly secret: string;
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

/**
 * The realm's keys: for tokens, for refresh tokens (HS512), and one for encryption. They are made when the first is needed: an
 * RSA key takes as long as a hundred requests. As in Keycloak, there is always an RS256 key, and an ES256 key from the first
 * token that needs it.
 */
export type KeyRing = ReturnType<typeof createKeyRing>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param algorithms which keys to make, when the first is needed */
export function createKeyRing(stored?: StoredKeys, algorithms: readonly SigningAlgorithm[] = ['RS256']) {
  let signing: SigningKey[] = [];
  let encryption: JWK | undefined;
  const start = async () => {
    const known = (stored?.signing ?? []) as readonly JWK[];
    const missing = algorithms.filter((alg) => known.every((jwk) => jwk.alg !== alg));
    [signing, encryption] = await Promise.all([
      Promise.all([...known.map(fromStored), ...missing.map(createKey)]),
      (stored?.encryption as JWK | undefined) ?? createEncryptionKey(),
    ]);
  };
  let changed: Promise<void> | undefined;
  /** Makes the keys, if they are not there yet. */
  const ready = () => {
    changed ??= start();
    return changed;
  };
  /** Changes the keys, one change after the other. */
  const change = (next: () => Promise<void>) => {
    changed = ready().then(next);
    return changed;
  };
  const secretId = stored?.secretId ?? randomUUID();
  const secret = stored ? Buffer.from(stored.secret, 'base64url') : randomBytes(64);

  /** The key that signs new tokens. Made if there is none for the algorithm. */
  const current = async (alg: SigningAlgorithm): Promise<SigningKey> => {
    await ready();
    const find = () => signing.find((key) => key.alg === alg);
    const make = async () => {
      // Concurrent tokens share one.
      if (find() === undefined) signing = [...signing, await createKey(alg)];
    };
    if (find() === undefined) await change(make);
    return find() as SigningKey;
  };

  return {
    ready,
    current,
    /** The JWK Set. The encryption key comes first, as in most Keycloak realms. */
    async jwks(): Promise<{ keys: JWK[] }> {
      await ready();
      return { keys: [encryption as JWK, ...signing.map((key) => key.publicJwk)] };
    },
    async sign(claims: object, alg: SigningAlgorithm, typ = 'JWT'): Promise<string> {
      const key = await current(alg);
      return new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg, typ, kid: key.kid })
        .sign(key.privateKey);
    },
    signInternal: (claims: object): Promise<string> =>
      new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'HS512', typ: 'JWT', kid: secretId })
        .sign(secret),
    /** The claims of a token signed with a published key, or `undefined`. */
    async verify(token: string) {
      await ready();
      return read(token, (header) => {
        const key = signing.find(({ kid, alg }) => kid === header.kid && alg === header.alg);
        if (key === undefined) throw new Error('unknown key');
        return key.publicKey;
      });
    },
    verifyInternal: (token: string) =>
      read(token, (header) => {
        if (header.alg !== 'HS512' || header.kid !== secretId) throw new Error('unknown key');
        return secret;
      }),
    rotate: ({ keepOld }: { keepOld: boolean }): Promise<void> =>
      change(async () => {
        const fresh = await Promise.all([...new Set(signing.map(({ alg }) => alg))].map(createKey));
        signing = keepOld ? [...fresh, ...signing] : fresh;
      }),
    isReady: () => encryption !== undefined,
    /** The keys, once they are ready. */
    toStored: (): StoredKeys => ({
      signing: signing.map((key) => key.privateJwk),
      encryption: encryption as JWK,
      secretId,
      secret: secret.toString('base64url'),
    }),
  };
}

/** Makes a signing key, which is in no JWK Set until a ring holds it. */
export async function createKey(alg: SigningAlgorithm): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return fromStored({ ...(await exportJWK(privateKey)), alg });
}

async function fromStored(jwk: JWK): Promise<SigningKey> {
  const alg = jwk.alg as SigningAlgorithm;
  const { kty, crv, x, y, n, e } = jwk;
  const bare = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  ) as JWK;
  const kid = await calculateJwkThumbprint(bare);
  return {
    kid,
    alg,
    privateKey: (await importJWK(jwk, alg)) as CryptoKey,
    publicKey: (await importJWK(bare, alg)) as CryptoKey,
    privateJwk: jwk,
    publicJwk: { kid, ...bare, alg, use: 'sig' },
  };
}

/**
 * A public key with no private half: nothing is ever decrypted with it. So its modulus is any odd number of 2,048 bits, and no
 * product of two primes, which take as long to find as a signing key.
 */
async function createEncryptionKey(): Promise<JWK> {
  const modulus = randomBytes(256);
  modulus[0] = (modulus[0] as number) | 0x80;
  modulus[255] = (modulus[255] as number) | 1;
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
  return { kid: await calculateJwkThumbprint(jwk), ...jwk, alg: 'RSA-OAEP', use: 'enc' };
}

async function read(
  token: string,
  pick: (header: { alg?: string; kid?: string }) => CryptoKey | Uint8Array,
): Promise<Record<string, unknown> | undefined> {
  try {
    const { payload } = await compactVerify(token, (header) =>
      pick(header as { alg?: string; kid?: string }),
    );
    const claims: unknown = JSON.parse(decoder.decode(payload));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

interface Component {
  readonly providerId?: string;
  readonly config?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Algorithms of the signing keys that a realm file asks for. RS256 is among them, as in a new realm of Keycloak, if the realm does
 * not sign with ES256: an EC key is made in a hundredth of the time.
 */
export function signingAlgorithmsOf(realm: RealmRepresentation): SigningAlgorithm[] {
  if (realm.defaultSignatureAlgorithm === 'ES256') return ['ES256'];
  const components = realm.components as Record<string, Component[]> | undefined;
  const providers = components?.['org.keycloak.keys.KeyProvider'] ?? [];
  const hasEc = providers.some(({ providerId, config }) => {
    const curve = config?.ecdsaEllipticCurveKey?.[0] ?? 'P-256';
    return providerId === 'ecdsa-generated' && curve === 'P-256' && config?.enabled?.[0] !== 'false';
  });
  return hasEc ? ['RS256', 'ES256'] : ['RS256'];
}
