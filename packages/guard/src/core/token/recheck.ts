import { readConfirmation } from '../binding/confirmation.ts';
import { AuthError } from '../http/errors.ts';
import { readCompactJws } from '../jwt/compact-jws.ts';
import type { Claims } from '../principal/claims.ts';
import { personOfClaims } from '../principal/person.ts';
import { rememberToken } from '../principal/token-of.ts';
import { createCallSlots } from '../realm/call-slots.ts';
import type { Epoch } from '../revocation/epoch.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import type { Revocation } from '../revocation/revocation-log.ts';
import { keepAlive } from '../runtime/keep-alive.ts';
import { settleDoubt, toRevoked } from './doubt.ts';
import type { Freshness } from './freshness.ts';
import { type JudgedClaims, type KnownToken, toJudged } from './known-token.ts';
import { parsePrincipal } from './parse-principal.ts';
import type { RemoteCheck } from './remote-check.ts';
import type { RemoteAnswer } from './remote-question.ts';
import type { VerifierStats } from './stats.ts';
import type { TokenOptions } from './token-options.ts';

/** What judging tokens, and asking Keycloak about them, is made of. */
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

interface Parts<C extends object> extends JudgeParts<C> {
  readonly freshness: Freshness;
  /** The token is not good any more. */
  readonly forget: (known: KnownToken<C>) => void;
}

/** Checks for which no request waits. Tokens without a free slot are checked at their next use. */
const MAX_IN_BACKGROUND = 32;

/** Asks Keycloak about tokens in memory, and lets its answers count. */
export function createRecheck<C extends object>(parts: Parts<C>) {
  const { options, epoch, freshness, revocations, remote, stats, self, share, forget } = parts;
  let questions = 0;
  const background = createCallSlots(MAX_IN_BACKGROUND, 0);

  /** Whether the token is refused where Keycloak does not answer. */
  function isNeeded(known: KnownToken<C>): boolean {
    return freshness.needsAnswer || known.doubt?.verdict === 'confirm';
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
    const [askedAt, asked] = [options.clock(), epoch.value];
    const answer = await remote.ask(known.token, known.claims, known);
    if (answer.outcome === 'active') {
      stats.remoteAccepted++;
      known.wasIntrospected = answer.by === 'introspection';
      if (settleDoubt(known, asked)) freshness.renew(known, askedAt);
      if (answer.claims !== undefined && options.fillClaims && question > known.filledBy) {
        known.filledBy = question;
        fill(known, answer.claims);
      }
    } else if (answer.outcome === 'inactive') {
      stats.remoteRefused++;
      forget(known);
      // Remembered: otherwise a token that is still young would be believed by its signature alone, here or after a restart.
      const { iss, jti } = known.claims;
      if (typeof jti === 'string') {
        const revocation = { type: 'token', issuer: iss, tokenId: jti } as const;
        revocations.add(revocation);
        await share(revocation);
      }
    } else if (answer.outcome === 'impossible' && !isNeeded(known)) {
      if (settleDoubt(known, asked)) freshness.keepToTheEnd(known);
    } else {
      if (answer.outcome !== 'impossible') stats.remoteUnavailable++;
      // A moment later it would say the same.
      if (answer.outcome !== 'unavailable') freshness.postpone(known);
    }
    return answer;
  }

  /** Signed claims win over added ones; claims that are no longer added are gone. */
  function fill(known: KnownToken<C>, added: Claims): void {
    const signed = readCompactJws(known.token).payload() as JudgedClaims;
    const isMore = Object.keys(added).some((claim) => !Object.hasOwn(signed, claim));
    if (!isMore && !known.isFilled) return;
    known.isFilled = isMore;
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
      const { doubt } = known;
      const asked = askOnce(known);
      const answer = await (mustAnswer ? asked : remote.waitBriefly(asked, known.claims));
      if (answer.outcome === 'inactive') {
        throw new AuthError('token_revoked', 'Keycloak says that the token is no longer good', {
          seen: answer.reason,
        });
      }
      if (doubt?.verdict === 'confirm' && answer.outcome === 'impossible') throw toRevoked(doubt);
      if (freshness.needsAnswer && answer.outcome === 'impossible') {
        throw new AuthError('provider_misconfigured', 'Keycloak cannot be asked about this token', {
          expected: `${options.clientId} in aud, or the scope openid`,
        });
      }
      if (answer.outcome === 'unavailable' || answer.outcome === 'refused') {
        if (mustAnswer) throw answer.error;
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
