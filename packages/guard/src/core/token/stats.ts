import type { AuthError } from '../http/errors.ts';

/** Counts since the verifier was made, incremented in place: reading them costs the hot path nothing. */
export interface VerifierStats {
  /** Answered from memory, without a promise. */
  cacheHits: number;
  /** Signature and claims were checked and found good. */
  verified: number;
  /** Refused for any reason in the token. */
  refused: number;
  /** … and was in memory until then. */
  refusedKnown: number;
  /** Keycloak was asked about a token … */
  remoteChecks: number;
  /** … and said that it is good. */
  remoteAccepted: number;
  /** … and said that it is not good any more. */
  remoteRefused: number;
  /** … and did not answer, or refused to. */
  remoteUnavailable: number;
  /** Accepted by signature alone because Keycloak did not answer, or refused to. */
  acceptedUnchecked: number;
  /** Revocations that came in. */
  revocations: number;
}

/** For operators and health checks. */
export interface VerifierStatus {
  readonly issuer: string | null;
  readonly keysLoaded: boolean;
  /** `null` before the first load. Unit: seconds. */
  readonly keysAgeSeconds: number | null;
  /** How often the JWKS was asked for. */
  readonly keysFetches: number;
  readonly cachedTokens: number;
  readonly revocations: number;
  /** Keycloak does not answer at the moment. */
  readonly isProviderDown: boolean;
  /** Why the keys could not be loaded, `null` where they could. */
  readonly lastError: AuthError | null;
}

export function createStats(): VerifierStats {
  return {
    cacheHits: 0,
    verified: 0,
    refused: 0,
    refusedKnown: 0,
    remoteChecks: 0,
    remoteAccepted: 0,
    remoteRefused: 0,
    remoteUnavailable: 0,
    acceptedUnchecked: 0,
    revocations: 0,
  };
}
