import { hash } from 'node:crypto';
import { AuthError } from '../http/errors.ts';
import { splitCompactJws } from '../jwt/compact-jws.ts';
import { verifySignature } from '../jwt/signature.ts';
import { invalidProof, type ProofKey, type ProofKeys } from './proof-key.ts';
import type { ProofNonces } from './proof-nonces.ts';
import { isSameUri } from './request-uri.ts';

/** A proof that is right in all but what takes time to check: its signature, and whether it was used before. */
export interface DpopProof {
  /** Thumbprint of its key, to which the token has to be bound (RFC 9449 §4.3 step 12). */
  readonly jkt: string;
  /** Identifies the proof. */
  readonly id: string;
  /** From then on every clock within the tolerance finds it too old. Unit: seconds since 1970. */
  readonly expiresAt: number;
  /** What the client should use from now on (RFC 9449 §8.2). */
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
  readonly maxAgeSeconds: number;
  readonly maxAheadSeconds: number;
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
  if (iat < now - rules.maxAgeSeconds) throw invalidProof('it is too old');
  if (iat > now + rules.maxAheadSeconds) throw invalidProof('it is from the future');
  // Step 12.
  if (ath !== hash('sha256', token, 'base64url')) throw invalidProof('it is for another token');
  return {
    jkt: key.jkt,
    // With the key in it, nobody can use up an id that somebody else may choose.
    id: hash('sha256', `${key.jkt}.${jti}`, 'base64url').slice(0, ID_LENGTH),
    expiresAt: Math.ceil(iat) + rules.maxAgeSeconds + rules.maxAheadSeconds,
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
