import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, EmbeddedJWK, type JWK } from 'jose';
import { createUsedTokens } from '../client-auth/assertions.ts';
import { ASYMMETRIC } from '../client-auth/client-keys.ts';
import type { Clock } from '../clock.ts';
import { invalidRequest } from '../fault.ts';

const LIFETIME_SECONDS = 10;
const SKEW_SECONDS = 15;

export interface DpopRequest {
  readonly proof: string;
  readonly method: string;
  /** The URL, without a query. */
  readonly url: string;
  /** The access token that comes with the proof at a protected resource (RFC 9449 §7). */
  readonly accessToken?: string;
}

/** Checks DPoP proofs (RFC 9449 §4.3). Each is valid once. */
export function createDpopChecker(clock: Clock) {
  const used = createUsedTokens(clock);

  return {
    /** Returns the thumbprint of the key. @throws {Fault} 400 `invalid_request` */
    async check({ proof, method, url, accessToken }: DpopRequest): Promise<string> {
      const jwk = checkHeader(proof);
      const { htm, htu, jti, iat, ath } = await readClaims(proof);
      const isWhole = [htm, htu, jti].every((one) => typeof one === 'string') && typeof iat === 'number';
      if (!isWhole) throw invalidRequest('DPoP mandatory claims are missing');
      const now = clock.seconds();
      if (iat > now + SKEW_SECONDS || iat < now - LIFETIME_SECONDS - SKEW_SECONDS)
        throw invalidRequest('DPoP proof is not active');
      if (htm !== method) throw invalidRequest('DPoP HTTP method mismatch');
      if (String(htu).replace(/[?#].*$/s, '') !== url) throw invalidRequest('DPoP HTTP URL mismatch');
      if (accessToken !== undefined && ath !== hashOf(accessToken))
        throw invalidRequest('DPoP proof and access token do not belong together');
      const thumbprint = await calculateJwkThumbprint(jwk);
      if (!used.use(`${thumbprint} ${jti}`, iat + LIFETIME_SECONDS + SKEW_SECONDS))
        throw invalidRequest('DPoP proof has already been used');
      return thumbprint;
    },
  };
}

function checkHeader(proof: string): JWK {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(proof);
  } catch {
    throw invalidRequest('DPoP header verification failure');
  }
  if (header.typ !== 'dpop+jwt')
    throw invalidRequest(`Invalid or missing type in DPoP header: ${printable(header.typ)}`);
  if (!ASYMMETRIC.includes(header.alg ?? ''))
    throw invalidRequest(`Unsupported DPoP algorithm: ${printable(header.alg)}`);
  const { jwk } = header;
  if (typeof jwk !== 'object' || jwk === null) throw invalidRequest('No JWK in DPoP header');
  if (['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some((name) => name in jwk))
    throw invalidRequest('Private key material must not be present in DPoP JWK');
  return jwk as JWK;
}

async function readClaims(proof: string): Promise<Record<string, unknown>> {
  try {
    const { payload } = await compactVerify(proof, EmbeddedJWK, { algorithms: ASYMMETRIC });
    return JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
  } catch {
    throw invalidRequest('DPoP verification failure: Invalid token signature');
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url');

const printable = (value: unknown) => (/^[\w+.-]{1,40}$/.test(String(value)) ? String(value) : 'null');
