import { AuthError } from '../http/errors.ts';
import type { KeyLoader } from './key-loader.ts';
import type { LoadTurns } from './load-turns.ts';

/** Most requests that wait for the next load: a flood of made-up key ids holds no more. */
const MAX_WAITING = 1_000;

/** The next load of the keys that requests may cause: one for all who wait. */
export function createNextLoad(turns: LoadTurns, loader: KeyLoader) {
  let next: Promise<void> | undefined;
  let waiting = 0;
  let refuse: (() => void) | undefined;

  function pause(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, turns.restMs);
      refuse = () => {
        clearTimeout(timer);
        reject(new AuthError('provider_unavailable', 'Closed while requests waited for signing keys'));
      };
    });
  }

  async function load(): Promise<void> {
    const before = turns.lastAt;
    await pause().finally(() => {
      next = undefined;
      refuse = undefined;
    });
    // Another request may have taken the turn.
    if (turns.lastAt !== before) return loader.pending;
    turns.begin();
    return loader.load(false);
  }

  return {
    /** @throws {AuthError} `provider_unavailable` if too many wait already, or the keys are closed */
    async wait(): Promise<void> {
      if (waiting >= MAX_WAITING)
        throw new AuthError('provider_unavailable', 'Too many requests wait for signing keys');
      waiting++;
      try {
        next ??= load();
        await next;
      } finally {
        waiting--;
      }
    },
    /** Refuses all who wait. */
    close: (): void => refuse?.(),
  };
}
