import type { Revocation } from 'keycloak-guard';
import type { RateLimitHits } from 'keycloak-guard/limits';
import type { SessionGroup } from 'keycloak-guard/session';

/** What a worker asks of the primary; the answer of each comes back under the same id. */
export interface SharedMethods {
  /** From now on this worker receives every revocation; those in force come first, before the answer. */
  follow(): void;
  revoke(revocation: Revocation): void;
  /** See `RevocationStore.useOnce`. */
  useOnce(id: string, expiresAt: number): boolean;
  /** See `RevocationStore.useProofOnce`. */
  useProofOnce(id: string, expiresAt: number): boolean;
  /** See `NewsSeat`. */
  newsTake(topic: string, holder: string, ttlMs: number): string | null | undefined;
  newsLeave(topic: string, holder: string): void;
  newsTell(topic: string, holder: string, news: string): boolean;
  sessionGet(key: string): string | null;
  sessionCreate(key: string, value: string, ttlMs: number, group: SessionGroup | null): number;
  sessionReplace(key: string, value: string): boolean;
  sessionRemaining(key: string): number | null;
  sessionTouch(key: string, ttlMs: number): void;
  sessionDelete(key: string): void;
  /** A token to release the lock, or `null` if another process holds it. */
  sessionLock(key: string, ttlMs: number): number | null;
  sessionUnlock(lock: number): void;
  /** One more in the window. `ttl` is in milliseconds. */
  count(key: string, windowMs: number): RateLimitHits;
}

export type SharedMethod = keyof SharedMethods;

export type ToPrimary =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: SharedMethod;
      readonly args: readonly unknown[];
    }
  | { readonly kind: 'ready'; readonly isReady: boolean }
  | { readonly kind: 'alive' };

export type ToWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }
  | { readonly kind: 'revocations'; readonly revocations: readonly Revocation[] }
  | { readonly kind: 'news'; readonly topic: string; readonly news: string }
  | { readonly kind: 'all-ready'; readonly areAllReady: boolean }
  | { readonly kind: 'drain' };

/** One end of a channel between the primary and a worker. Messages arrive in order, unless the process has ended. */
export interface Port<Out, In> {
  send(message: Out): void;
  listen(listener: (message: In) => void): void;
}

/** Other messages use the same line: those of prom-client. */
const MARK = 'keycloakGuard';

export const wrap = <T>(message: T) => ({ [MARK]: message });

export function unwrap<T>(message: unknown): T | undefined {
  return typeof message === 'object' && message !== null && MARK in message
    ? (message as { [MARK]: T })[MARK]
    : undefined;
}
