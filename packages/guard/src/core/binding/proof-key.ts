import { hash } from 'node:crypto';
import { AuthError } from '../http/errors.ts';
import { type JsonObject, readSegment } from '../jwt/compact-jws.ts';
import { importVerificationKey, type VerificationKey } from '../jwt/signature.ts';
import type { JsonWebKey } from '../jwt/web-signature.ts';
import { createBoundedCache } from '../runtime/bounded-cache.ts';

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
/** Members of a JWK that hold what nobody may see (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** What a thumbprint is made of, in this order (RFC 7638 §3.2, RFC 8037 §2). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** @param algorithms some of `ALGORITHMS`: none of them is symmetric */
export function createProofKeys(algorithms: ReadonlySet<string>) {
  const known = createBoundedCache<ProofKey>(MAX_KEYS);

  function learn(segment: string): ProofKey {
    const { typ, alg, jwk, crit, b64 } = readSegment(segment, 'header');
    if (typ !== 'dpop+jwt') throw invalidProof('its typ is not dpop+jwt');
    if (crit !== undefined || b64 !== undefined) throw invalidProof('it asks for an extension of JWS');
    if (typeof alg !== 'string' || !algorithms.has(alg)) {
      throw invalidProof('its algorithm is not accepted', `alg ${[...algorithms].join(', ')}`);
    }
    const { publicKey, jkt } = readPublicKey(jwk);
    let imported: VerificationKey | undefined;
    return {
      jkt,
      key() {
        imported ??= importKey(publicKey, alg);
        return imported;
      },
    };
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
      if (known.get(segment) !== key) known.set(segment, key);
    },
  };
}

/** What is wrong with it is for the log: the sender is told no more than that something is. */
export function invalidProof(why: string, expected?: string): AuthError {
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
