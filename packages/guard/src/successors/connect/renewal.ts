import { createBoundedCache } from '../../core/internal.ts';

/** Uses each refresh token once, however many requests bring it. */
export type Renewal = (refreshToken: string, trade: () => Promise<string>) => Promise<string>;

/**
 * How long an answer is remembered. A request that loaded the old session may arrive after the one that renewed it; with
 * "Revoke Refresh Token" on, Keycloak would end the session. Unit: milliseconds.
 */
const REMEMBERED_MS = 60_000;
/** Each takes about 4 KiB. */
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
    // A failed attempt may be repeated.
    answer.catch(() => traded.delete(refreshToken));
    return answer;
  };
}
