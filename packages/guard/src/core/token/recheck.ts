import { readConfirmation } from '../binding/sender-check.ts';
import { AuthError, isAuthError, toSafeText } from '../http/errors.ts';
import { readCompactJws } from '../jwt/compact-jws.ts';
import { isId } from '../jwt/signed-jwt.ts';
import { type Claims, personOfClaims } from '../principal/principal.ts';
import { rememberToken } from '../principal/to-principal.ts';
import { failureKindOf } from '../realm/fetch-json.ts';
import type { Issuer } from '../realm/issuer.ts';
import { createBreaker, type Outage } from '../realm/outage.ts';
import type { Epoch, RevocationList } from '../revocation/revocation-list.ts';
import type { Revocation } from '../revocation/revocation-log.ts';
import { createCallSlots } from '../runtime/concurrency.ts';
import { keepAlive } from '../runtime/platform.ts';
import type { Freshness } from './freshness.ts';
import {
  type JudgedClaims,
  type KnownToken,
  parsePrincipal,
  settleRecheck,
  toJudged,
  toRevoked,
} from './known-token.ts';
import { createRemoteQuestion, type KnownBefore, type RemoteAnswer } from './remote-question.ts';
import type { VerifierStats } from './stats.ts';
import type { TokenOptions } from './verify.ts';

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
  const isResting = () => outage.isFailing('checks') && breaker.isOpen();
  let isFaultReported = false;

  /** A fault of this application itself, as code that cannot be loaded: it says nothing about Keycloak. */
  function toFault(cause: Error): RemoteAnswer {
    const message = `Keycloak is not asked about tokens, by a fault of this application: ${toSafeText(cause.message, options.credential.secrets())}`;
    if (!isFaultReported) options.onNotice({ level: 'error', code: 'recheck_misconfigured', message });
    isFaultReported = true;
    return { outcome: 'faulty', error: new AuthError('provider_misconfigured', message, { cause }) };
  }

  async function askNow(token: string, claims: Claims, known: KnownBefore): Promise<RemoteAnswer> {
    breaker.begin();
    const answers = breaker.answers();
    const begin = performance.now();
    try {
      const answer = await call(token, claims, known);
      breaker.answered(performance.now() - begin < patienceMs);
      outage.answered('checks');
      return answer;
    } catch (failure) {
      if (!isAuthError(failure)) return toFault(failure as Error);
      const kind = failureKindOf(failure);
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
      const answers = breaker.answers();
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

/** The parts of judging and rechecking tokens. */
export interface JudgeParts<C extends object> {
  readonly options: TokenOptions<C>;
  readonly epoch: Epoch;
  readonly revocations: RevocationList;
  readonly remote: RemoteCheck;
  readonly stats: VerifierStats;
  /** The verifier that this decides for. */
  readonly self: () => object;
  /** Tells other processes of a revocation. Never rejects. */
  readonly share: (revocation: Revocation) => Promise<void>;
}

interface RecheckParts<C extends object> extends JudgeParts<C> {
  readonly freshness: Freshness;
  /** The token is not good any more. */
  readonly forget: (known: KnownToken<C>) => void;
  /** Keycloak adds something else to it than before. */
  readonly remember: (known: KnownToken<C>, added: string) => void;
}

/** Checks for which no request waits. Tokens without a free slot are checked at their next use. */
const MAX_IN_BACKGROUND = 32;

/** Asks Keycloak about tokens in memory, and lets its answers count. */
export function createRecheck<C extends object>(parts: RecheckParts<C>) {
  const { options, epoch, freshness, revocations, remote, stats, self, share, forget, remember } = parts;
  let questions = 0;
  const background = createCallSlots(MAX_IN_BACKGROUND, 0);

  /** Whether the token is refused where Keycloak does not answer. */
  function isNeeded(known: KnownToken<C>): boolean {
    return freshness.needsAnswer || known.pendingRevocation?.verdict === 'confirm';
  }

  /** Requests during a check wait for that one, unless every request asks separately. */
  function askOnce(known: KnownToken<C>): Promise<RemoteAnswer> {
    if (freshness.asksAlways) return askNow(known);
    if (known.checking !== undefined) return known.checking;
    const checking = askNow(known).finally(() => {
      if (known.checking === checking) known.checking = undefined;
    });
    known.checking = checking;
    return keepAlive(checking);
  }

  async function askNow(known: KnownToken<C>): Promise<RemoteAnswer> {
    stats.remoteChecks++;
    const question = ++questions;
    // The answer may not know what happened at Keycloak after that.
    const [sentAt, sentEpoch] = [options.clock(), epoch.value];
    const answer = await remote.ask(known.token, known.claims, known);
    if (answer.outcome === 'active') {
      stats.remoteAccepted++;
      known.wasIntrospected = answer.by === 'introspection';
      if (settleRecheck(known, sentEpoch)) freshness.renew(known, sentAt);
      if (answer.claims !== undefined && options.fillClaims && question > known.filledBy) {
        known.filledBy = question;
        fill(known, answer.claims);
      }
    } else if (answer.outcome === 'inactive') {
      stats.remoteRefused++;
      forget(known);
      // Remembered: otherwise a token that is still young would be believed by its signature alone, here or after a restart.
      const { iss, jti } = known.claims;
      if (isId(jti) && !answer.isForNow) {
        const revocation = { type: 'token', issuer: iss, tokenId: jti } as const;
        revocations.add(revocation);
        await share(revocation);
      }
    } else if (answer.outcome === 'impossible' && !isNeeded(known)) {
      if (settleRecheck(known, sentEpoch)) freshness.keepToTheEnd(known);
    } else {
      if (answer.outcome !== 'impossible') stats.remoteUnavailable++;
      // A moment later it would say the same.
      if (answer.outcome !== 'unavailable') freshness.postpone(known);
    }
    return answer;
  }

  /** Signed claims win over added ones; claims that are no longer added are gone. What is as before changes nothing. */
  function fill(known: KnownToken<C>, added: Claims): void {
    const signed = readCompactJws(known.token).payload() as JudgedClaims;
    const text = JSON.stringify(Object.entries(added).filter(([claim]) => !Object.hasOwn(signed, claim)));
    if (text === known.added) return;
    remember(known, text);
    const claims = { ...added, ...signed };
    known.claims = toJudged(claims);
    // A revocation may concern a user whose name is only known now.
    known.epoch = -1;
    try {
      assertBoundAsBefore(known, claims);
      known.principal = rememberToken(parsePrincipal(claims, options), known.token, self());
    } catch (error) {
      known.refusal = error as AuthError;
    }
  }

  /** Its sender proved only the signed binding. */
  function assertBoundAsBefore({ confirmation }: KnownToken<C>, claims: Claims): void {
    if (confirmation !== undefined || readConfirmation(claims) === undefined) return;
    throw new AuthError(
      'token_bound',
      'Keycloak says that the token is bound, but the token itself does not',
    );
  }

  return {
    isNeeded,
    /**
     * If a valid signature is enough while Keycloak is down, callers wait only briefly.
     *
     * @throws {AuthError} `token_revoked`, or a `provider_…` code where an answer is needed
     */
    async ask(known: KnownToken<C>, mustAnswer: boolean): Promise<RemoteAnswer> {
      const { pendingRevocation } = known;
      const asking = askOnce(known);
      const answer = await (mustAnswer ? asking : remote.waitBriefly(asking, known.claims));
      if (answer.outcome === 'inactive') {
        throw new AuthError('token_revoked', 'Keycloak says that the token is no longer good', {
          seen: answer.reason,
        });
      }
      if (pendingRevocation?.verdict === 'confirm' && answer.outcome === 'impossible')
        throw toRevoked(pendingRevocation);
      if (freshness.needsAnswer && answer.outcome === 'impossible') {
        throw new AuthError('provider_misconfigured', 'Keycloak cannot be asked about this token', {
          expected: `${options.clientId} in aud, or the scope openid`,
        });
      }
      if ('error' in answer) {
        if (mustAnswer || answer.outcome === 'faulty') throw answer.error;
        stats.acceptedUnchecked++;
        if (answer.outcome === 'refused' && !isNeeded(known)) freshness.renew(known, options.clock());
      }
      return answer;
    },
    /** No request waits. */
    askInBackground(known: KnownToken<C>): void {
      const who = personOfClaims(known.claims);
      if (known.checking !== undefined || !background.tryEnter(who)) return;
      void askOnce(known).finally(() => background.leave(who));
    },
  };
}
