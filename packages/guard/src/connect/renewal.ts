import { createBoundedCache } from '../core/internal.ts';

/** Trades refresh tokens, each once, however many requests bring it. */
export type Renewal = (refreshToken: string, trade: () => Promise<string>) => Promise<string>;

/**
 * A request that was loaded with an old session may come a while after the one that renewed it: with "Revoke Refresh
 * Token" on, Keycloak would end the session over it. Unit: milliseconds.
 */
const REMEMBERED_MS = 60_000;
/** About 4 KiB each. */
const MAX_REMEMBERED = 2_000;

interface Traded {
  readonly answer: Promise<string>;
  readonly at: number;
}

export function createRenewal(): Renewal {
  const traded = createBoundedCache<Traded>(MAX_REMEMBERED);

  return (refreshToken, trade) => {
    const known = traded.get(refreshToken);
    if (known !== undefined && performance.now() - known.at < REMEMBERED_MS) return known.answer;
    const answer = trade();
    traded.set(refreshToken, { answer, at: performance.now() });
    // What failed may be tried again.
    answer.catch(() => traded.delete(refreshToken));
    return answer;
  };
}
