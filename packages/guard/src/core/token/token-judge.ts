import { assertPossession, type Possession } from '../binding/sender-check.ts';
import { AuthError } from '../http/errors.ts';
import type { Principal } from '../principal/principal.ts';
import { rememberToken } from '../principal/to-principal.ts';
import { keepAlive } from '../runtime/platform.ts';
import { type Coverage, createFreshness, type Freshness } from './freshness.ts';
import { createAssertStillGood, type KnownToken, parsePrincipal, toKnown, toRevoked } from './known-token.ts';
import { createRecheck, type JudgeParts } from './recheck.ts';
import { isLackingClaims } from './remote-question.ts';
import { TokenCache } from './token-cache.ts';
import { type VerifyContext, verifyToken } from './verify.ts';

interface TokenJudgeParts<C extends object> extends JudgeParts<C> {
  readonly context: VerifyContext;
  readonly coverage: Coverage;
  /** A promise until revocations from before the start are loaded. */
  readonly whenCaughtUp: () => Promise<unknown> | undefined;
}

/** Decides on every token: from memory where that is enough, else by its signature, else by asking Keycloak. */
export function createTokenJudge<C extends object>(parts: TokenJudgeParts<C>) {
  // First what each request reads, side by side in memory. The options of each verifier are of a shape of their own.
  const { epoch, stats } = parts;
  const { clock, maxCachedTokens } = parts.options;
  const cache = new TokenCache<KnownToken<C>>(maxCachedTokens);
  const { options, remote } = parts;
  const freshness = createFreshness(options, parts.coverage);
  const assertStillGood = createAssertStillGood({ ...parts, freshness });
  const forget = ({ token }: KnownToken<C>) => cache.delete(token);
  const remember = (known: KnownToken<C>, added: string) => {
    known.added = added;
    cache.resize(known, known.token.length + added.length, clock());
  };
  const recheck = createRecheck<C>({ ...parts, freshness, forget, remember });

  /** After a wait: a revocation that came in meanwhile may require another question to Keycloak. */
  async function assertGoodAfterAll(known: KnownToken<C>): Promise<void> {
    assertStillGood(known, clock());
    if (known.pendingRevocation?.verdict !== 'confirm') return;
    await recheck.ask(known, true);
    assertStillGood(known, clock());
    if (known.pendingRevocation?.verdict === 'confirm') throw toRevoked(known.pendingRevocation);
  }

  const verifyNew = createNewTokenJudge<C>(parts, {
    freshness,
    recheck,
    cache,
    assertStillGood,
    assertGoodAfterAll,
  });

  /** @param possession what its sender shows beside it */
  function verify(token: string, possession?: Possession): Principal<C> | Promise<Principal<C>> {
    const known = cache.get(token);
    if (known === undefined) return verifyNew(token).then((fresh) => toPrincipalFor(fresh, possession));
    if (known.confirmation !== possession) assertSenderOf(known, possession);
    const now = clock();
    if (now < known.quietUntil && now >= known.quietFrom && known.epoch === epoch.value) {
      stats.cacheHits++;
      return known.principal as Principal<C>;
    }
    return reconsider(known, now);
  }

  /** A copy in other hands is not a reason to forget the token. */
  function assertSenderOf({ confirmation }: KnownToken<C>, possession: Possession | undefined): void {
    try {
      assertPossession(confirmation, possession);
    } catch (error) {
      stats.refused++;
      throw error;
    }
  }

  function toPrincipalFor(known: KnownToken<C>, possession: Possession | undefined): Principal<C> {
    assertSenderOf(known, possession);
    return known.principal as Principal<C>;
  }

  function reconsider(known: KnownToken<C>, now: number): Principal<C> | Promise<Principal<C>> {
    try {
      assertStillGood(known, now);
    } catch (error) {
      throw dropRefused(known, error);
    }
    const age = freshness.ageOf(known, now);
    if (age === 'fresh') return fromMemory(known);
    if (age === 'stale' && (freshness.asksAlways || !remote.isSlowFor(known.claims)))
      return askForTrust(known);
    // Either time is left, or Keycloak is known to be down or slow: requests do not wait.
    recheck.askInBackground(known);
    if (age === 'stale') {
      if (recheck.isNeeded(known)) throw new AuthError('provider_unavailable', 'Keycloak does not answer');
      stats.acceptedUnchecked++;
    }
    return fromMemory(known);
  }

  function fromMemory(known: KnownToken<C>): Principal<C> {
    stats.cacheHits++;
    return known.principal as Principal<C>;
  }

  /** A request that waited gets the state after the wait. */
  async function askForTrust(known: KnownToken<C>): Promise<Principal<C>> {
    const cameAt = clock();
    try {
      const answer = await recheck.ask(known, recheck.isNeeded(known));
      // It may have waited for a question of long ago.
      if (answer.outcome === 'active' && !freshness.covers(known, cameAt)) {
        await recheck.ask(known, recheck.isNeeded(known));
      }
      await assertGoodAfterAll(known);
      return known.principal as Principal<C>;
    } catch (error) {
      throw dropRefused(known, error);
    }
  }

  /** Gives the error back. */
  function dropRefused(known: KnownToken<C>, error: unknown): unknown {
    if ((error as AuthError).statusCode === 401) {
      forget(known);
      stats.refused++;
      stats.refusedKnown++;
    }
    return error;
  }

  return {
    verify,
    isKnown: (token: string): boolean => cache.get(token) !== undefined,
    countTokens: (): number => cache.size,
  };
}

/** The parts of a judge that new tokens need as known ones do. */
interface Judging<C extends object> {
  readonly freshness: Freshness;
  readonly recheck: ReturnType<typeof createRecheck<C>>;
  readonly cache: TokenCache<KnownToken<C>>;
  assertStillGood(known: KnownToken<C>, now: number): void;
  assertGoodAfterAll(known: KnownToken<C>): Promise<void>;
}

/** Decides on tokens that are not in memory. */
function createNewTokenJudge<C extends object>(
  { options, context, revocations, stats, self, whenCaughtUp }: TokenJudgeParts<C>,
  { freshness, recheck, cache, assertStillGood, assertGoodAfterAll }: Judging<C>,
): (token: string) => Promise<KnownToken<C>> {
  const { clock } = options;
  const pending = new Map<string, Promise<KnownToken<C>>>();
  let isIssuerReported = false;

  /** Single flight: a burst with the same new token is one verification. */
  function verifyNew(token: string): Promise<KnownToken<C>> {
    const running = pending.get(token);
    if (running !== undefined && !freshness.asksAlways) return running;
    const started = keepAlive(judgeNewOnce(token));
    pending.set(token, started);
    return started;
  }

  async function judgeNewOnce(token: string): Promise<KnownToken<C>> {
    try {
      return await judgeNew(token).finally(() => pending.delete(token));
    } catch (error) {
      if ((error as AuthError).statusCode === 401) stats.refused++;
      if ((error as AuthError).code === 'token_issuer') reportIssuer(error as AuthError);
      throw error;
    }
  }

  /** The realm's key signed it, so Keycloak itself uses two names: every caller will be refused. */
  function reportIssuer({ expected, seen }: AuthError): void {
    if (isIssuerReported) return;
    isIssuerReported = true;
    options.onNotice({
      level: 'warn',
      code: 'issuer_mismatch',
      message: `a token of this realm has another issuer than Keycloak has here: ${seen}, expected ${expected}`,
      fix: 'Tokens from before a change of the issuer end by themselves. Else set KC_HOSTNAME in Keycloak, or the option issuer here to that of the tokens',
    });
  }

  async function judgeNew(token: string): Promise<KnownToken<C>> {
    const verified = await verifyToken(token, context);
    const { claims } = verified;
    stats.verified++;
    for (let wait = whenCaughtUp(); wait !== undefined; wait = whenCaughtUp()) await wait;
    const now = clock();
    const known = toKnown<C>(token, verified, now, options.clockToleranceSeconds);
    freshness.begin(known, claims.iat, now);
    // Revocations must last as long as this token, and others of its kind.
    revocations.keepFor(claims.exp - (claims.iat ?? now / 1000));
    assertStillGood(known, now);
    const isLacking = options.fillClaims && isLackingClaims(claims);
    if (isLacking || freshness.ageOf(known, now) === 'stale') {
      // Without the claims that it lacks, a guard could refuse a user whom Keycloak would grant the role.
      await recheck.ask(known, isLacking || recheck.isNeeded(known));
    }
    await assertGoodAfterAll(known);
    known.principal ??= rememberToken(parsePrincipal(claims, options), token, self());
    cache.set(known, now);
    return known;
  }

  return verifyNew;
}
