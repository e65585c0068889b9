import { createSingleFlight } from '../runtime/concurrency.ts';

/** A token that Keycloak has just issued. */
export interface IssuedToken {
  readonly token: string;
  /** Unit: seconds. */
  readonly expiresInSeconds: number;
}

/** A token of this client's own, which is renewed before it expires. */
export type OwnToken = ReturnType<typeof createOwnToken>;

/** A token is renewed at most this long before it expires. Unit: milliseconds. */
const AHEAD_MS = 30_000;
/** It has to be good when it arrives. Unit: milliseconds. */
const ON_THE_WAY_MS = 1_000;
/** Pause between two tries while the token before is still good. Unit: milliseconds. */
const PAUSE_MS = 2_000;

/**
 * Nobody waits for a renewal while the token is good: an outage that is shorter than what is left of it is not noticed.
 *
 * @param load asks Keycloak for a token; one call at a time, however many wait for it
 */
export function createOwnToken(load: () => Promise<IssuedToken>, clock: () => number) {
  let current:
    | { readonly token: string; readonly loadedAt: number; readonly renewAt: number; readonly until: number }
    | undefined;
  const once = createSingleFlight<string>();
  // By a clock that nobody sets.
  let failedAt = Number.NEGATIVE_INFINITY;

  async function renew(): Promise<string> {
    const sentAt = clock();
    try {
      const { token, expiresInSeconds } = await load();
      const lifetimeMs = expiresInSeconds * 1000;
      current = {
        token,
        loadedAt: clock(),
        renewAt: sentAt + lifetimeMs - Math.min(AHEAD_MS, lifetimeMs / 2),
        until: sentAt + lifetimeMs - Math.min(ON_THE_WAY_MS, lifetimeMs / 2),
      };
      return token;
    } catch (error) {
      failedAt = performance.now();
      throw error;
    }
  }

  const renewOnce = () => once('token', renew);

  return {
    /** Rejects with what `load` rejects with, but never while the token before is still good. */
    async get(): Promise<string> {
      const now = clock();
      if (current === undefined || now >= current.until) return renewOnce();
      if (now >= current.renewAt && performance.now() - failedAt >= PAUSE_MS) renewOnce().catch(() => {});
      return current.token;
    },
    /**
     * Loads a new token next time, because this one was refused.
     *
     * @param olderThanMs keeps a token that is younger: it would only be refused again
     */
    drop(token: string, olderThanMs = 0): void {
      if (current?.token !== token || Math.abs(clock() - current.loadedAt) < olderThanMs) return;
      current = undefined;
    },
  };
}
