import { AuthError } from '../http/errors.ts';
import type { Claims } from '../principal/claims.ts';
import { personOfClaims } from '../principal/person.ts';
import { createBreaker } from '../realm/breaker.ts';
import { createCallSlots } from '../realm/call-slots.ts';
import { silenceOf } from '../realm/fetch-json.ts';
import type { Issuer } from '../realm/issuer.ts';
import type { Outage } from '../realm/outage.ts';
import { createRemoteQuestion, type KnownBefore, type RemoteAnswer } from './remote-question.ts';
import type { TokenOptions } from './token-options.ts';

/** Asks Keycloak about tokens. */
export type RemoteCheck = ReturnType<typeof createRemoteCheck>;

type RemoteOptions = Pick<
  TokenOptions,
  'clientId' | 'credential' | 'clock' | 'fetch' | 'onNotice' | 'timeoutMs'
>;

/** Longest wait of a request for which a good signature is enough. */
const PATIENCE_MS = 1_000;

/** Calls at once: after a restart every token is old, and all of them come together. */
const MAX_CALLS = 64;

/** Bounds what asking costs Keycloak, and those who wait. */
export function createRemoteCheck(issuer: Issuer, options: RemoteOptions, outage: Outage) {
  const call = createRemoteQuestion(issuer, options);
  const patienceMs = Math.min(PATIENCE_MS, options.timeoutMs);
  const slots = createCallSlots(MAX_CALLS, options.timeoutMs);
  const breaker = createBreaker(options.clock);
  const isSlowFor = (claims: Claims) => breaker.isSlowFor(personOfClaims(claims));
  // An outage may be over because the keys were loaded.
  const isResting = () => outage.isFailing('checks') && breaker.isOpen;

  async function askNow(token: string, claims: Claims, known: KnownBefore): Promise<RemoteAnswer> {
    breaker.begin();
    const { answers } = breaker;
    const begin = performance.now();
    try {
      const answer = await call(token, claims, known);
      breaker.answered(performance.now() - begin < patienceMs);
      outage.answered('checks');
      return answer;
    } catch (error) {
      const failure = error as AuthError;
      const kind = silenceOf(failure);
      const concernsAll = breaker.failed(personOfClaims(claims), kind, answers);
      // An answer that is not Keycloak's is reported at once, even if only this token gets it.
      if (concernsAll || kind === 'unusable') outage.failed('checks', failure);
      return { outcome: 'unavailable', error: failure };
    }
  }

  return {
    /** True for ten seconds after Keycloak did not answer in time, to this user or to all: then requests do not wait for it. */
    isSlowFor,
    /**
     * Waits for an answer, but no longer than a request should, and not at all while `isSlowFor`: then it counts as
     * unavailable. The call continues.
     */
    async waitBriefly(answer: Promise<RemoteAnswer>, claims: Claims): Promise<RemoteAnswer> {
      if (isSlowFor(claims)) return { outcome: 'unavailable', error: toSilence() };
      const { answers } = breaker;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<RemoteAnswer>((resolve) => {
        timer = setTimeout(() => {
          breaker.slow(personOfClaims(claims), answers);
          resolve({ outcome: 'unavailable', error: toSilence() });
        }, patienceMs);
      });
      const first = await Promise.race([answer, patience]);
      clearTimeout(timer);
      return first;
    },
    /** Never rejects. */
    async ask(token: string, claims: Claims, known: KnownBefore): Promise<RemoteAnswer> {
      const who = personOfClaims(claims);
      if (isResting()) return { outcome: 'unavailable', error: toSilence() };
      if (!(await slots.enter(who))) return { outcome: 'unavailable', error: toSilence() };
      try {
        // While it waited for its turn, another call may have found that Keycloak does not answer.
        return isResting()
          ? { outcome: 'unavailable', error: toSilence() }
          : await askNow(token, claims, known);
      } finally {
        slots.leave(who);
      }
    },
  };
}

function toSilence(): AuthError {
  return new AuthError('provider_unavailable', 'Keycloak does not answer');
}
