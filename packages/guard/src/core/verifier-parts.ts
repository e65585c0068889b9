import type { Credential } from './credential/credential.ts';
import type { EventsHealth, Observer } from './observer.ts';
import type { ResolvedOptions } from './options.ts';
import type { Revocation } from './revocation/revocation-log.ts';
import type { RevocationStore } from './revocation/revocation-store.ts';
import type { Coverage } from './token/freshness.ts';

/** The parts of a verifier, for the rooms that call Keycloak as the same client. */
export interface VerifierParts
  extends Pick<ResolvedOptions, 'realm' | 'timeoutMs' | 'fetch' | 'tokenCheck' | 'tenants' | 'publicUrl'> {
  readonly credential: Credential;
  readonly store: RevocationStore;
  /** The observers that listen to events. */
  readonly eventListeners: readonly Observer[];
  /** How it stands with Keycloak's events, if they are followed. */
  readonly events: { status?: () => EventsHealth };
  readonly coverage: Coverage;
  /** See `refresh` of `createKeySet`. */
  readonly refreshKeys: () => void;
  /** No new token is taken before this has settled. */
  holdNewTokens(until: Promise<void>): void;
  /** Called when the verifier is closed. */
  readonly atClose: Set<() => Promise<void>>;
  /** See `RevocationList.changedAt`. */
  changedAt(issuer: string, subject: string): number;
  /** Revokes in this process alone, what Keycloak said. Returns whether it was not known, from another process for example. */
  revokeHere(revocation: Revocation): boolean;
}

/** Beside the verifiers, not in them: code that prints or receives one cannot act as the client. */
const parts = new WeakMap<object, VerifierParts>();

export function rememberParts(verifier: object, made: VerifierParts): void {
  parts.set(verifier, made);
}

/** `undefined` for a verifier that this package did not make. */
export function partsOf(verifier: object): VerifierParts | undefined {
  return parts.get(verifier);
}
