import type { ProofStore } from 'keycloak-guard';
import type { RateLimitStore } from 'keycloak-guard/limits';
import type { SessionStore } from 'keycloak-guard/session';

/** What a worker has of the others, through the primary. */
export interface WorkerLink {
  /** Caught up once this worker knows every revocation that is in force. */
  readonly revocations: ProofStore;
  readonly sessions: SessionStore;
  readonly limits: RateLimitStore;
  /** Every worker is ready. */
  readonly areAllReady: boolean;
  /** Tells the primary whether this worker is ready. */
  tellReady(isReady: boolean): void;
  /** Resolves when the primary says that it is time to end. */
  readonly drained: Promise<void>;
}
