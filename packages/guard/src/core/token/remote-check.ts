import { AuthError } from '../http/errors.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Claims } from '../principal/claims.ts';
import { createCallSlots } from '../realm/call-slots.ts';
import type { Issuer } from '../realm/issuer.ts';
import type { Outage } from '../realm/outage.ts';
import { createRemoteQuestion, type KnownBefore, type RemoteAnswer } from './remote-question.ts';

/** Asks Keycloak about tokens. */
export interface RemoteCheck {
  /** Never rejects. */
  ask(token: string, claims: Claims, known: KnownBefore): Promise<RemoteAnswer>;
  /**
   * Waits for an answer, but no longer than a request should, and not at all while `isSlow`: then it counts as
   * unavailable. The call goes on.
   */
  waitBriefly(answer: Promise<RemoteAnswer>): Promise<RemoteAnswer>;
  /** True for ten seconds after it did not answer, or not in time: a request should not wait for it. */
  readonly isSlow: boolean;
}

type RemoteOptions = Pick<
  ResolvedOptions,
  'clientId' | 'credential' | 'clock' | 'fetch' | 'onNotice' | 'timeoutMs'
>;

/** After a call without an answer nobody asks for this long; then one call tries, and the rest go on waiting. */
const PAUSE_MS = 2_000;

/** How long "slow" is believed: where nobody asks, nobody finds out that it is over. */
const SLOW_MS = 10_000;

/** Longest wait of a request for which a good signature is enough. */
const PATIENCE_MS = 1_000;

/** Calls at once: after a restart every token is old, and all of them come together. */
const MAX_CALLS = 64;

/** Bounds what asking costs Keycloak, and those who wait. */
export function createRemoteCheck(issuer: Issuer, options: RemoteOptions, outage: Outage): RemoteCheck {
  const call = createRemoteQuestion(issuer, options);
  let failedAt = 0;
  let isProbing = false;
  // By a clock that nobody sets.
  let slowAt = Number.NEGATIVE_INFINITY;
  const patienceMs = Math.min(PATIENCE_MS, options.timeoutMs);
  const slots = createCallSlots(MAX_CALLS, options.timeoutMs);
  const isSlow = () => performance.now() - slowAt < SLOW_MS;

  /** Nobody answered a moment ago, and it is not yet time for the one call that tries. */
  function isResting(): boolean {
    if (!outage.isFailing('checks') || !isSlow()) return false;
    const since = options.clock() - failedAt;
    // Negative: the clock was set back.
    return isProbing || (since >= 0 && since < PAUSE_MS);
  }

  async function askNow(token: string, claims: Claims, known: KnownBefore): Promise<RemoteAnswer> {
    if (outage.isFailing('checks') && isSlow()) isProbing = true;
    const begin = performance.now();
    try {
      const answer = await call(token, claims, known);
      if (performance.now() - begin < patienceMs) slowAt = Number.NEGATIVE_INFINITY;
      outage.answered('checks');
      return answer;
    } catch (error) {
      const failure = error as AuthError;
      outage.failed('checks', failure);
      failedAt = options.clock();
      slowAt = performance.now();
      return { outcome: 'unavailable', error: failure };
    } finally {
      isProbing = false;
    }
  }

  return {
    get isSlow() {
      return isSlow();
    },
    async waitBriefly(answer) {
      if (isSlow()) return { outcome: 'unavailable', error: toSilence() };
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<RemoteAnswer>((resolve) => {
        timer = setTimeout(() => {
          slowAt = performance.now();
          resolve({ outcome: 'unavailable', error: toSilence() });
        }, patienceMs);
      });
      const first = await Promise.race([answer, patience]);
      clearTimeout(timer);
      return first;
    },
    async ask(token, claims, known) {
      if (isResting()) return { outcome: 'unavailable', error: toSilence() };
      if (!(await slots.enter())) return { outcome: 'unavailable', error: toSilence() };
      try {
        // While it waited for its turn, another call may have found out that nobody answers.
        return isResting()
          ? { outcome: 'unavailable', error: toSilence() }
          : await askNow(token, claims, known);
      } finally {
        slots.leave();
      }
    },
  };
}

function toSilence(): AuthError {
  return new AuthError('provider_unavailable', 'Keycloak does not answer');
}
