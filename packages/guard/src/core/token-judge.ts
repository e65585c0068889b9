import { readCompactJws } from './compact-jws.ts';
import { assertPossession, type Possession, readConfirmation } from './confirmation.ts';
import { isInDoubt, settleDoubt, toRevoked } from './doubt.ts';
import type { Epoch } from './epoch.ts';
import { AuthError } from './errors.ts';
import type { KeySet } from './keys.ts';
import { type JudgedClaims, type KnownToken, toJudged, toKnown } from './known-token.ts';
import type { ResolvedOptions } from './options.ts';
import { parsePrincipal } from './parse-principal.ts';
import type { Claims, Principal } from './principal.ts';
import type { RemoteCheck } from './remote-check.ts';
import { isLackingClaims, type RemoteAnswer } from './remote-question.ts';
import type { RevocationList } from './revocation-list.ts';
import type { VerifierStats } from './stats.ts';
import { createTokenCache } from './token-cache.ts';
import { assertAccessToken, type VerifyContext, verifyToken } from './verify.ts';

/** Decides on every token: from memory where that is enough, else by its signature, else by asking Keycloak. */
export interface TokenJudge<C extends object> {
  /** @param shown what its sender shows beside it */
  verify(token: string, shown?: Possession): Principal<C> | Promise<Principal<C>>;
  isKnown(token: string): boolean;
  readonly cachedTokens: number;
}

interface Parts<C extends object> {
  readonly options: ResolvedOptions<C>;
  readonly context: VerifyContext;
  readonly keys: KeySet;
  readonly epoch: Epoch;
  readonly revocations: RevocationList;
  readonly remote: RemoteCheck;
  readonly stats: VerifierStats;
}

/**
 * Checks of which no request waits. Tokens that were first used together are due together: whoever finds no room is
 * checked when it is next used.
 */
const MAX_IN_BACKGROUND = 32;

export function createTokenJudge<C extends object>(parts: Parts<C>): TokenJudge<C> {
  const { options, context, keys, epoch, revocations, remote, stats } = parts;
  const cache = createTokenCache<KnownToken<C>>(options.maxCachedTokens);
  const pending = new Map<string, Promise<KnownToken<C>>>();
  const trustMs = options.recheckSeconds * 1000;
  const isAnswerNeeded =
    options.tokenCheck === 'remote' ||
    (options.tokenCheck === 'recheck' && options.whenUnavailable === 'refuse');
  let questions = 0;
  let inBackground = 0;

  function verify(token: string, shown?: Possession): Principal<C> | Promise<Principal<C>> {
    const known = cache.get(token);
    if (known === undefined) return verifyNew(token).then((found) => toPrincipalFor(found, shown));
    if (known.confirmation !== shown) assertSenderOf(known, shown);
    const now = options.clock();
    if (now < known.quietUntil && now >= known.quietFrom && known.epoch === epoch.value) {
      stats.cacheHits++;
      return known.principal as Principal<C>;
    }
    return reconsider(known, now);
  }

  /** Single flight: a burst with the same new token is one verification. */
  function verifyNew(token: string): Promise<KnownToken<C>> {
    const running = pending.get(token);
    if (running !== undefined && options.tokenCheck !== 'remote') return running;
    const started = learnOnce(token);
    pending.set(token, started);
    return started;
  }

  /** That somebody else has it is no reason to forget the token. */
  function assertSenderOf({ confirmation }: KnownToken<C>, shown: Possession | undefined): void {
    try {
      assertPossession(confirmation, shown);
    } catch (error) {
      stats.refused++;
      throw error;
    }
  }

  function toPrincipalFor(known: KnownToken<C>, shown: Possession | undefined): Principal<C> {
    assertSenderOf(known, shown);
    return known.principal as Principal<C>;
  }

  async function learnOnce(token: string): Promise<KnownToken<C>> {
    try {
      return await learn(token);
    } catch (error) {
      if ((error as AuthError).statusCode === 401) stats.refused++;
      throw error;
    } finally {
      pending.delete(token);
    }
  }

  async function learn(token: string): Promise<KnownToken<C>> {
    const verified = await verifyToken(token, context);
    const { claims } = verified;
    stats.verified++;
    const now = options.clock();
    const known = toKnown<C>(token, verified, now, options.clockToleranceSeconds);
    trustFrom(known, toBelievable(claims.iat, now));
    assertStillGood(known, now);
    const isLacking = options.fillClaims && isLackingClaims(claims);
    if (isLacking || options.tokenCheck === 'remote' || now >= known.trustedUntil) {
      // Without what it lacks, a guard could refuse for want of a role what Keycloak would grant.
      await askAndApply(known, isLacking || isNeeded(known));
    }
    await assertGoodAfterAll(known);
    known.principal ??= parsePrincipal(claims, options.parseClaims);
    cache.set(known, now);
    return known;
  }

  /** A time of issue in the future says nothing of the token's age: it is asked about at once. */
  function toBelievable(issuedAt = 0, now: number): number {
    const isAhead = issuedAt * 1000 > now + options.clockToleranceSeconds * 1000;
    return isAhead ? 0 : Math.min(issuedAt * 1000, now);
  }

  function reconsider(known: KnownToken<C>, now: number): Principal<C> | Promise<Principal<C>> {
    try {
      assertStillGood(known, now);
    } catch (error) {
      throw dropRefused(known, error);
    }
    if (options.tokenCheck === 'remote') return askForTrust(known);
    if (options.tokenCheck === 'local') {
      // The clock was set back.
      known.quietFrom = now;
      return fromMemory(known);
    }
    const isTrusted = now < known.trustedUntil && now >= known.quietFrom;
    if (isTrusted && now < known.quietUntil) return fromMemory(known);
    if (!isTrusted && !remote.isSlow) return askForTrust(known);
    // Either there is time left, or Keycloak is known to be down or slow: nobody waits.
    if (known.checking === undefined && inBackground < MAX_IN_BACKGROUND) {
      inBackground++;
      void askOnce(known).finally(() => inBackground--);
    }
    if (!isTrusted) {
      if (isNeeded(known)) throw new AuthError('provider_unavailable', 'Keycloak does not answer');
      stats.acceptedUnchecked++;
    }
    return fromMemory(known);
  }

  function fromMemory(known: KnownToken<C>): Principal<C> {
    stats.cacheHits++;
    return known.principal as Principal<C>;
  }

  /** Expiry, keys and revocations: what can be told without asking. */
  function assertStillGood(known: KnownToken<C>, now: number): void {
    if (known.refusal !== undefined) throw known.refusal;
    if (now >= known.expiresAt) {
      throw new AuthError('token_expired', 'The token expired', { seen: `exp ${known.claims.exp}` });
    }
    const current = epoch.value;
    if (known.epoch === current) return;
    if (keys.get(known.key.kid) !== known.key) {
      throw new AuthError('token_key_unknown', "The token is signed with a key that left the realm's JWKS");
    }
    if (known.claims.iss !== context.issuer()) {
      throw new AuthError('token_issuer', 'The token is of another issuer', {
        expected: `iss ${context.issuer()}`,
        seen: `iss ${known.claims.iss}`,
      });
    }
    if (isInDoubt(known, revocations, options.tokenCheck === 'local')) {
      // What is under way was asked before: its answer settles nothing.
      known.checking = undefined;
      known.quietUntil = 0;
      known.trustedUntil = 0;
    }
    known.epoch = current;
  }

  function isNeeded(known: KnownToken<C>): boolean {
    return isAnswerNeeded || known.doubt?.verdict === 'confirm';
  }

  /** @param from the later of the time of issue and the last question whose answer was good */
  function trustFrom(known: KnownToken<C>, from: number): void {
    if (options.tokenCheck === 'local') trustToTheEnd(known);
    else if (options.tokenCheck === 'recheck') {
      known.quietUntil = Math.min(from + trustMs / 2, known.expiresAt);
      known.trustedUntil = from + trustMs;
    }
  }

  function trustAnew(known: KnownToken<C>, from: number): void {
    known.quietFrom = from;
    trustFrom(known, from);
  }

  function trustToTheEnd(known: KnownToken<C>): void {
    known.quietUntil = known.expiresAt;
    known.trustedUntil = known.expiresAt;
  }

  /** `remote` asks for every request; otherwise whoever comes while a check is under way waits for that one. */
  function askOnce(known: KnownToken<C>): Promise<RemoteAnswer> {
    if (options.tokenCheck === 'remote') return ask(known);
    if (known.checking !== undefined) return known.checking;
    const checking = ask(known).finally(() => {
      if (known.checking === checking) known.checking = undefined;
    });
    known.checking = checking;
    return checking;
  }

  async function ask(known: KnownToken<C>): Promise<RemoteAnswer> {
    stats.remoteChecks++;
    const question = ++questions;
    // What happened at Keycloak after that, the answer need not know.
    const [askedAt, asked] = [options.clock(), epoch.value];
    const answer = await remote.ask(known.token, known.claims, known);
    if (answer.outcome === 'active') {
      stats.remoteAccepted++;
      known.wasIntrospected = answer.by === 'introspection';
      if (settleDoubt(known, asked)) trustAnew(known, askedAt);
      if (answer.claims !== undefined && options.fillClaims && question > known.filledBy) {
        known.filledBy = question;
        fill(known, answer.claims);
      }
    } else if (answer.outcome === 'inactive') {
      stats.remoteRefused++;
      cache.delete(known.token);
      // Remembered, for a token that is still young would be believed by its signature alone.
      const { iss, jti } = known.claims;
      if (typeof jti === 'string') revocations.add({ type: 'token', issuer: iss, tokenId: jti });
    } else if (answer.outcome === 'impossible' && !isNeeded(known)) {
      if (settleDoubt(known, asked)) trustToTheEnd(known);
    } else {
      if (answer.outcome !== 'impossible') stats.remoteUnavailable++;
      // A moment later it would say the same: asked again when the trust is over.
      if (answer.outcome !== 'unavailable') known.quietUntil = known.trustedUntil;
    }
    return answer;
  }

  /** What was signed wins over what is added; what was added before and no longer is, is gone. */
  function fill(known: KnownToken<C>, added: Claims): void {
    const signed = readCompactJws(known.token).payload() as JudgedClaims;
    const isMore = Object.keys(added).some((claim) => !Object.hasOwn(signed, claim));
    if (!isMore && !known.isFilled) return;
    known.isFilled = isMore;
    const claims = { ...added, ...signed };
    known.claims = toJudged(claims);
    // A revocation may hit a user who is only known now.
    known.epoch = -1;
    try {
      assertAccessToken(claims);
      assertBoundAsBefore(known, claims);
      known.principal = parsePrincipal(claims, options.parseClaims);
    } catch (error) {
      known.refusal = error as AuthError;
      cache.delete(known.token);
    }
  }

  /** Whoever sent it was asked for what was signed. */
  function assertBoundAsBefore({ confirmation }: KnownToken<C>, claims: Claims): void {
    if (confirmation !== undefined || readConfirmation(claims) === undefined) return;
    throw new AuthError('token_bound', 'Keycloak says that the token is bound, which was not signed');
  }

  /** After a wait: what came in meanwhile may be what Keycloak has to be asked about. */
  async function assertGoodAfterAll(known: KnownToken<C>): Promise<void> {
    assertStillGood(known, options.clock());
    if (known.doubt?.verdict !== 'confirm') return;
    await askAndApply(known, true);
    assertStillGood(known, options.clock());
    if (known.doubt?.verdict === 'confirm') throw toRevoked(known.doubt);
  }

  /** A request that waited gets what is true after the wait. */
  async function askForTrust(known: KnownToken<C>): Promise<Principal<C>> {
    const cameAt = options.clock();
    try {
      const answer = await askAndApply(known, isNeeded(known));
      // It may have waited for a question of long ago.
      const isStale = options.tokenCheck === 'recheck' && known.trustedUntil <= cameAt;
      if (isStale && answer.outcome === 'active') await askAndApply(known, isNeeded(known));
      await assertGoodAfterAll(known);
      return known.principal as Principal<C>;
    } catch (error) {
      throw dropRefused(known, error);
    }
  }

  /**
   * Where the signature is enough when Keycloak does not answer, nobody waits long to find that out.
   *
   * @throws {AuthError} `token_revoked`, or a `provider_…` code where an answer is needed
   */
  async function askAndApply(known: KnownToken<C>, mustAnswer: boolean): Promise<RemoteAnswer> {
    const { doubt } = known;
    const asked = askOnce(known);
    const answer = await (mustAnswer ? asked : remote.waitBriefly(asked));
    if (answer.outcome === 'inactive') {
      throw new AuthError('token_revoked', 'Keycloak says that the token is no longer good', {
        seen: answer.reason,
      });
    }
    if (doubt?.verdict === 'confirm' && answer.outcome === 'impossible') throw toRevoked(doubt);
    if (isAnswerNeeded && answer.outcome === 'impossible') {
      throw new AuthError('provider_misconfigured', 'Keycloak cannot be asked about this token', {
        expected: `${options.clientId} in aud, or the scope openid`,
      });
    }
    if (answer.outcome === 'unavailable' || answer.outcome === 'refused') {
      if (mustAnswer) throw answer.error;
      stats.acceptedUnchecked++;
      if (answer.outcome === 'refused' && !isNeeded(known)) trustAnew(known, options.clock());
    }
    return answer;
  }

  /** Gives the error back. */
  function dropRefused(known: KnownToken<C>, error: unknown): unknown {
    if ((error as AuthError).statusCode === 401) {
      cache.delete(known.token);
      stats.refused++;
      stats.refusedKnown++;
    }
    return error;
  }

  return {
    verify,
    isKnown: (token) => cache.get(token) !== undefined,
    get cachedTokens() {
      return cache.size;
    },
  };
}
