import type { Revocation } from 'keycloak-guard';

export type ToPrimary =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
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
