import type { Credential } from './credential/credential.ts';
import type { ResolvedOptions } from './options.ts';
import type { RevocationStore } from './revocation/revocation.ts';
import type { Observer } from './token/observer.ts';

/** What a verifier was made of, for the rooms that call Keycloak as the same client. */
export interface VerifierParts extends Pick<ResolvedOptions, 'realm' | 'timeoutMs' | 'fetch' | 'tokenCheck'> {
  readonly credential: Credential;
  readonly revocationStore: RevocationStore;
  /** The observers that listen to events. */
  readonly eventListeners: readonly Observer[];
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
