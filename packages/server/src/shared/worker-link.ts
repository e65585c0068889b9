import type { ProofStore } from 'keycloak-guard';
import type { SessionStore } from 'keycloak-guard/session';

/** What a worker has of the others, through the primary. */
export interface WorkerLink {
  /** Caught up once this worker knows every revocation that is in force. */
  readonly revocations: ProofStore;
  readonly sessions: SessionStore;
  /** Counts of `@fastify/rate-limit`: its option `store`. */
  readonly LimitStore: LimitStoreClass;
  /** Every worker is ready. */
  readonly areAllReady: boolean;
  /** Tells the primary whether this worker is ready. */
  tellReady(isReady: boolean): void;
  /** Resolves when the primary says that it is time to end. */
  readonly drained: Promise<void>;
}

/** Told how many requests there were in the window. */
export type LimitCallback = (error: Error | null, count?: { current: number; ttl: number }) => void;
export type LimitStoreClass = new () => {
  incr(key: string, callback: LimitCallback, windowMs: number): void;
  child(): object;
};
