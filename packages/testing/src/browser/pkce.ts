import { createHash, timingSafeEqual } from 'node:crypto';
import { invalidGrant, invalidRequest } from '../fault.ts';
import type { Client } from '../realm/client.ts';

export interface Challenge {
  readonly value: string;
  readonly method: 'S256' | 'plain';
}

// RFC 7636 §4.1
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

/** RFC 7636 §4.3, and the method that the client requires. @throws {Fault} 400 `invalid_request` */
export function checkChallenge(
  client: Client,
  value: string | undefined,
  method: string | undefined,
): Challenge | undefined {
  const required = client.attributes['pkce.code.challenge.method'] || undefined;
  if (required !== undefined && method === undefined) {
    throw invalidRequest('Missing parameter: code_challenge_method');
  }
  if (value === undefined) {
    if (method === undefined) return undefined;
    throw invalidRequest('Missing parameter: code_challenge');
  }
  if (method !== undefined && method !== 'S256' && method !== 'plain') {
    throw invalidRequest('Invalid parameter: code_challenge_method');
  }
  if (required !== undefined && method !== required) {
    throw invalidRequest('Invalid parameter: code challenge method is not matching the configured one');
  }
  if (!VERIFIER.test(value)) throw invalidRequest('Invalid parameter: code_challenge');
  return { value, method: method ?? 'plain' };
}

/** RFC 7636 §4.6. @throws {Fault} 400 `invalid_grant` */
export function checkVerifier(challenge: Challenge | undefined, verifier: string | undefined): void {
  if (challenge === undefined) {
    if (verifier === undefined) return;
    throw invalidGrant('PKCE code verifier specified but challenge not present in authorization');
  }
  if (verifier === undefined) throw invalidGrant('PKCE code verifier not specified');
  if (!VERIFIER.test(verifier)) throw invalidGrant('PKCE verification failed: Invalid code verifier');
  const derived =
    challenge.method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url');
  const [a, b] = [Buffer.from(derived), Buffer.from(challenge.value)];
  if (a.length !== b.length || !timingSafeEqual(a, b)) {
    throw invalidGrant('PKCE verification failed: Code mismatch');
  }
}
