import { createHmac, hash } from 'node:crypto';
import { AuthError } from '../http/errors.ts';
import { isSameUri } from '../http/request.ts';
import { type JsonObject, readSegment, splitCompactJws } from '../jwt/compact-jws.ts';
import {
  ALGORITHMS,
  importVerificationKey,
  type JsonWebKey,
  type VerificationKey,
  verifySignature,
} from '../jwt/signature.ts';
import { createBoundedCache, once } from '../runtime/cache.ts';
import { MAX_AGE_SECONDS, MAX_AHEAD_SECONDS, PROOF_SECONDS } from './dpop-options.ts';

/** The key that a DPoP proof names as its own. */
export interface ProofKey {
  /** Its thumbprint (RFC 7638). */
  readonly jkt: string;
  /**
   * Ready to verify with, made when it is first asked for.
   *
   * @throws {AuthError} `dpop_proof_invalid` where it is no key, too weak, or not one for the algorithm
   */
  key(): VerificationKey;
}

export type ProofKeys = ReturnType<typeof createProofKeys>;

/** About 2 KiB each. A client writes the same header into each of its proofs. */
const MAX_KEYS = 10_000;
/** A key of 4,096 bits has a thousand characters. Whoever proves a token may write anything beside it. */
const LONGEST_KEPT = 1_200;
/** Members of a JWK that hold what nobody may see (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** Members that make a thumbprint, in this order (RFC 7638 §3.2, RFC 8037 §2). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** No algorithm of `ALGORITHMS` is symmetric. */
export function createProofKeys() {
  const known = createBoundedCache<ProofKey>(MAX_KEYS);

  function learn(segment: string): ProofKey {
    const { typ, alg, jwk, crit, b64 } = readSegment(segment, 'header');
    if (typ !== 'dpop+jwt') throw invalidProof('its typ is not dpop+jwt');
    if (crit !== undefined || b64 !== undefined) throw invalidProof('it asks for an extension of JWS');
    if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) {
      throw invalidProof('its algorithm is not accepted', `alg ${ALGORITHMS.join(', ')}`);
    }
    const { publicKey, jkt } = readPublicKey(jwk);
    return { jkt, key: once(() => importKey(publicKey, alg)) };
  }

  return {
    /**
     * Reads the header of a proof: `typ`, `alg` and `jwk` (RFC 9449 §4.3 steps 4, 5 and 7).
     *
     * @throws {AuthError} `dpop_proof_invalid`
     */
    read: (segment: string): ProofKey => known.get(segment) ?? learn(segment),
    /** Call it when the proof was found good: nobody else's keys take up room. */
    keep(segment: string, key: ProofKey): void {
      if (segment.length <= LONGEST_KEPT && known.get(segment) !== key) known.set(segment, key);
    },
  };
}

/** The reason is for the log: the sender learns only that the proof is not valid. */
function invalidProof(why: string, expected?: string): AuthError {
  return new AuthError('dpop_proof_invalid', `The DPoP proof is not valid: ${why}`, { expected });
}

function readPublicKey(jwk: unknown): { publicKey: JsonWebKey; jkt: string } {
  if (typeof jwk !== 'object' || jwk === null) throw invalidProof('it has no jwk');
  if (PRIVATE.some((member) => Object.hasOwn(jwk, member))) throw invalidProof('its jwk is not public');
  const { kty } = jwk as JsonObject;
  const members = typeof kty === 'string' && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined;
  if (members === undefined) throw invalidProof('its jwk is of a kind that signs nothing');
  const entries = members.map((member) => [member, (jwk as JsonObject)[member]]);
  if (entries.some(([, value]) => typeof value !== 'string')) throw invalidProof('its jwk is not whole');
  const publicKey = Object.fromEntries(entries) as JsonWebKey;
  return { publicKey, jkt: hash('sha256', JSON.stringify(publicKey), 'base64url') };
}

function importKey(jwk: JsonWebKey, alg: string): VerificationKey {
  try {
    return importVerificationKey(jwk, alg);
  } catch {
    throw invalidProof(`its jwk is no key that is fit for ${alg}`);
  }
}

/** Nonces that a proof has to hold (RFC 9449 §8, §9). Nothing is kept: each is made of a secret and the time. */
export type ProofNonces = ReturnType<typeof createProofNonces>;

/** A nonce is current for so long, and good for as long again. */
const SECONDS = 300;

/**
 * @param secret shared by the replicas
 * @param clock Unit: milliseconds since 1970
 */
export function createProofNonces(secret: string, clock: () => number) {
  const made = new Map<number, string>();

  function nonceOf(window: number): string {
    let nonce = made.get(window);
    if (nonce === undefined) {
      nonce = createHmac('sha256', secret).update(`dpop-nonce ${window}`).digest('base64url');
      if (made.size > 8) made.clear();
      made.set(window, nonce);
    }
    return nonce;
  }

  const current = () => Math.floor(clock() / 1000 / SECONDS);

  return {
    /** @throws {AuthError} `dpop_nonce_required`, with the nonce to use, where it is none, or an old one */
    assertGood(nonce: unknown): void {
      const now = current();
      // The next as well: the clock of another replica may be ahead.
      if (typeof nonce === 'string' && [now, now - 1, now + 1].some((one) => nonceOf(one) === nonce)) return;
      throw new AuthError('dpop_nonce_required', 'The DPoP proof does not have the nonce that is asked for', {
        headers: { 'dpop-nonce': nonceOf(now) },
      });
    },
    /** The nonce to use from now on, where a good one is about to grow old. */
    next: (nonce: unknown): string | undefined =>
      nonce === nonceOf(current() - 1) ? nonceOf(current()) : undefined,
  };
}

/** A proof that is right in all but what takes time to check: its signature, and whether it was used before. */
export interface DpopProof {
  /** Thumbprint of its key, to which the token has to be bound (RFC 9449 §4.3 step 12). */
  readonly jkt: string;
  /** Identifies the proof. */
  readonly id: string;
  /** From then on every clock within the tolerance finds it too old. Unit: seconds since 1970. */
  readonly expiresAt: number;
  /** The nonce that the client should use from now on (RFC 9449 §8.2). */
  readonly nextNonce: string | undefined;
  /**
   * RFC 9449 §4.3 step 6.
   *
   * @throws {AuthError} `dpop_proof_invalid`
   */
  assertSigned(): Promise<void>;
}

export interface ProofRules {
  readonly keys: ProofKeys;
  readonly nonces: ProofNonces | undefined;
}

/** The request that a proof came with. */
export interface ProvedRequest {
  /** The `DPoP` header. */
  readonly proof: string | undefined;
  readonly method: string | undefined;
  /** Without query; `undefined` where it is not known. */
  readonly uri: string | undefined;
  readonly token: string;
}

/** Room for a key of 8192 bits, and for the longest URI that is usual. */
const MAX_PROOF_LENGTH = 8_192;
const MAX_ID_LENGTH = 512;

/**
 * Checks a DPoP proof by RFC 9449 §4.3, but for steps 6 and 12 and the replay.
 *
 * @param now Unit: seconds since 1970
 * @throws {AuthError} `dpop_proof_missing`, `dpop_proof_invalid` or `dpop_nonce_required`
 */
export function readDpopProof(request: ProvedRequest, rules: ProofRules, now: number): DpopProof {
  const { proof, method, uri, token } = request;
  if (proof === undefined || proof === '') {
    throw new AuthError('dpop_proof_missing', 'The request has no DPoP header');
  }
  // Steps 1 and 2. Two headers are joined by a comma, which no JWS has.
  if (proof.length > MAX_PROOF_LENGTH) throw invalidProof('it is too long');
  const jws = toInvalidProof(() => splitCompactJws(proof));
  // Steps 4, 5, 7.
  const key = toInvalidProof(() => rules.keys.read(jws.header));
  // Step 3.
  const { jti, htm, htu, iat, ath, nonce } = toInvalidProof(() => jws.payload());
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_ID_LENGTH) throw lacking('jti');
  if (typeof htm !== 'string') throw lacking('htm');
  if (typeof htu !== 'string') throw lacking('htu');
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw lacking('iat');
  if (typeof ath !== 'string') throw lacking('ath');
  // Step 8.
  if (htm !== method) throw invalidProof('it is for another method', `htm ${method}`);
  // Step 9.
  if (uri === undefined) throw invalidProof('nobody knows the URI of the request', 'the option publicUrl');
  if (!isSameUri(htu, uri)) throw invalidProof('it is for another URI', `htu ${uri}`);
  // Step 10.
  rules.nonces?.assertGood(nonce);
  // Step 11.
  if (iat < now - MAX_AGE_SECONDS) throw invalidProof('it is too old');
  if (iat > now + MAX_AHEAD_SECONDS) throw invalidProof('it is from the future');
  // Step 12.
  if (ath !== hash('sha256', token, 'base64url')) throw invalidProof('it is for another token');
  return {
    jkt: key.jkt,
    // With the key in it, nobody can use up an id that somebody else may choose.
    id: hash('sha256', `${key.jkt}.${jti}`, 'base64url').slice(0, ID_LENGTH),
    expiresAt: Math.ceil(iat) + PROOF_SECONDS,
    nextNonce: rules.nonces?.next(nonce),
    assertSigned: () => assertSigned(jws, key, rules.keys),
  };
}

/** 132 bits. */
const ID_LENGTH = 22;

async function assertSigned(
  { header, input, signature }: ReturnType<typeof splitCompactJws>,
  key: ProofKey,
  keys: ProofKeys,
): Promise<void> {
  if (!(await verifySignature(input, signature, key.key())))
    throw invalidProof('its signature does not match');
  keys.keep(header, key);
}

const lacking = (claim: string) => invalidProof(`the claim ${claim} is missing or not of its type`);

/** Says of a proof what an error says of a token. */
function toInvalidProof<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw (error as AuthError).code === 'dpop_proof_invalid' ? error : invalidProof('it is no signed JWT');
  }
}
