import { type Doubted, isInDoubt, settleDoubt, toRevoked } from './doubt.ts';
import type { Epoch } from './epoch.ts';
import { AuthError } from './errors.ts';
import type { KeySet, SigningKey } from './keys.ts';
import type { ResolvedOptions } from './options.ts';
import { parsePrincipal } from './parse-principal.ts';
import type { Claims, Principal } from './principal.ts';
import type { RemoteAnswer, RemoteCheck } from './remote-check.ts';
import type { RevocationList } from './revocation-list.ts';
import type { VerifierStats } from './stats.ts';
import { createTokenCache } from './token-cache.ts';
import { type VerifiedToken, type VerifyContext, verifyToken } from './verify.ts';

/** Decides on every token: from memory where that is enough, else by its signature, else by asking Keycloak. */
export interface TokenJudge<C extends object> {
  verify(token: string): Principal<C> | Promise<Principal<C>>;
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

/** A token that was found good. Times in milliseconds since 1970. */
interface KnownToken<C extends object> extends Doubted {
  readonly token: string;
  /** As signed, and what Keycloak added. */
  claims: VerifiedToken['claims'];
  readonly key: SigningKey;
  readonly expiresAt: number;
  principal: Principal<C>;
  /** What `epoch` was when the token was last held against keys and revocations; -1 where it has to be. */
  epoch: number;
  /** From here … */
  quietFrom: number;
  /** … to here it is good without a second thought. */
  quietUntil: number;
  /** Past this, a request waits until Keycloak was asked. */
  trustedUntil: number;
  wasIntrospected: boolean;
  /** The check that is under way: one per token. */
  checking: Promise<RemoteAnswer> | undefined;
}

/**
 * Checks of which no request waits. Tokens that were first used together are due together: whoever finds no room is
 * checked when it is next used.
 */
const MAX_IN_BACKGROUND = 32;

export function createTokenJudge<C extends object>(parts: Parts<C>): TokenJudge<C> {
  const { options, context, keys, epoch, revocations, remote, stats } = parts;
  const cache = createTokenCache<KnownToken<C>>(options.maxCachedTokens);
  const pending = new Map<string, Promise<Principal<C>>>();
  const trustMs = options.recheckSeconds * 1000;
  const isAnswerNeeded = options.tokenCheck === 'remote' || options.whenUnavailable === 'refuse';
  let inBackground = 0;

  function verify(token: string): Principal<C> | Promise<Principal<C>> {
    const known = cache.get(token);
    if (known === undefined) return verifyNew(token);
    const now = options.clock();
    if (now < known.quietUntil && now >= known.quietFrom && known.epoch === epoch.value) {
      stats.cacheHits++;
      return known.principal;
    }
    return reconsider(known, now);
  }

  /** Single flight: a burst with the same new token is one verification. */
  function verifyNew(token: string): Promise<Principal<C>> {
    const running = pending.get(token);
    if (running !== undefined && options.tokenCheck !== 'remote') return running;
    const started = learnOnce(token);
    pending.set(token, started);
    return started;
  }

  async function learnOnce(token: string): Promise<Principal<C>> {
    try {
      return await learn(token);
    } catch (error) {
      if ((error as AuthError).statusCode === 401) stats.refused++;
      throw error;
    } finally {
      pending.delete(token);
    }
  }

  async function learn(token: string): Promise<Principal<C>> {
    const { claims, key } = await verifyToken(token, context);
    stats.verified++;
    const now = options.clock();
    const known: KnownToken<C> = {
      token,
      claims,
      key,
      expiresAt: (claims.exp + options.clockToleranceSeconds) * 1000,
      principal: undefined as unknown as Principal<C>,
      epoch: -1,
      quietFrom: now,
      quietUntil: 0,
      trustedUntil: 0,
      wasIntrospected: false,
      doubt: undefined,
      settledAt: -1,
      checking: undefined,
    };
    trustFrom(known, Math.min((claims.iat ?? 0) * 1000, now));
    assertStillGood(known, now);
    const isLacking = options.fillClaims && isLackingClaims(claims);
    if (isLacking || options.tokenCheck === 'remote' || now >= known.trustedUntil) {
      // Without what it lacks, a guard could refuse for want of a role what Keycloak would grant.
      const answer = await askAndApply(known, isLacking || isNeeded(known));
      if (answer.outcome === 'active') {
        // What was signed wins over what was added.
        known.claims = { ...answer.claims, ...claims };
        // A revocation may hit a user who is only known now.
        known.epoch = -1;
      }
    }
    assertStillGood(known, options.clock());
    known.principal = parsePrincipal(known.claims, options.parseClaims);
    cache.set(known, now);
    return known.principal;
  }

  function reconsider(known: KnownToken<C>, now: number): Principal<C> | Promise<Principal<C>> {
    try {
      assertStillGood(known, now);
    } catch (error) {
      cache.delete(known.token);
      stats.refused++;
      stats.refusedKnown++;
      throw error;
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
    return known.principal;
  }

  /** Expiry, keys and revocations: what can be told without asking. */
  function assertStillGood(known: KnownToken<C>, now: number): void {
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

  /** @param from the later of the time of issue and the last good check */
  function trustFrom(known: KnownToken<C>, from: number): void {
    if (options.tokenCheck === 'local') trustToTheEnd(known);
    else if (options.tokenCheck === 'recheck') {
      known.quietUntil = Math.min(from + trustMs / 2, known.expiresAt);
      known.trustedUntil = from + trustMs;
    }
  }

  function trustFromNow(known: KnownToken<C>): void {
    const now = options.clock();
    known.quietFrom = now;
    trustFrom(known, now);
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
    const asked = epoch.value;
    const answer = await remote.ask(known.token, known.claims, known.wasIntrospected);
    if (answer.outcome === 'active') {
      stats.remoteAccepted++;
      known.wasIntrospected = answer.by === 'introspection';
      if (settleDoubt(known, asked)) trustFromNow(known);
    } else if (answer.outcome === 'impossible') {
      if (known.doubt?.verdict === 'confirm') cache.delete(known.token);
      else if (settleDoubt(known, asked) && options.tokenCheck !== 'remote') trustToTheEnd(known);
    } else if (answer.outcome === 'inactive') {
      stats.remoteRefused++;
      cache.delete(known.token);
      // Remembered, for a token that is still young would be believed by its signature alone.
      const { iss, jti } = known.claims;
      if (typeof jti === 'string') revocations.add({ type: 'token', issuer: iss, tokenId: jti });
    } else {
      stats.remoteUnavailable++;
      // A moment later it would say the same: asked again when the trust is over.
      if (answer.outcome === 'refused') known.quietUntil = known.trustedUntil;
    }
    return answer;
  }

  function askForTrust(known: KnownToken<C>): Promise<Principal<C>> {
    return askAndApply(known, isNeeded(known)).then(() => known.principal, countRefusal);
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
    if (options.tokenCheck === 'remote' && answer.outcome === 'impossible') {
      throw new AuthError('provider_misconfigured', 'Keycloak cannot be asked about this token', {
        expected: `${options.clientId} in aud, or the scope openid`,
      });
    }
    if (answer.outcome === 'unavailable' || answer.outcome === 'refused') {
      if (mustAnswer) throw answer.error;
      stats.acceptedUnchecked++;
      if (answer.outcome === 'refused' && !isNeeded(known)) trustFromNow(known);
    }
    return answer;
  }

  function countRefusal(error: unknown): never {
    if ((error as AuthError).statusCode === 401) {
      stats.refused++;
      stats.refusedKnown++;
    }
    throw error;
  }

  return {
    verify,
    isKnown: (token) => cache.get(token) !== undefined,
    get cachedTokens() {
      return cache.size;
    },
  };
}

/**
 * A lightweight token, or one without the scopes `basic` and `profile`: who it is, and often which roles they have,
 * only Keycloak can tell.
 */
function isLackingClaims(claims: Claims): boolean {
  return claims.sub === undefined || claims.preferred_username === undefined;
}
