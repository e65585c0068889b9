import { createHash } from 'node:crypto';
import { AuthError, type Principal, type Verifier } from '../../core/index.ts';
import { isPrincipal, isThenable, NO_PRINCIPAL, partsOf, settleAll, tokenOf } from '../../core/internal.ts';
import type { AuthzContext } from '../keycloak/context.ts';
import type { AnswerCache } from './answers.ts';
import type { Batches, Verdict } from './batches.ts';
import type { Catalog } from './names.ts';
import { keyOf, type Permission } from './permission.ts';
import { toUnaskable } from './question.ts';

/** The caller of a question: a principal that the verifier returned, or an access token, which is verified first. */
export type Caller = Principal<object> | string;

/** Decides on permissions, from memory if possible, or else by asking Keycloak. */
export type Judge = ReturnType<typeof createJudge>;

interface JudgeParts {
  readonly context: AuthzContext;
  readonly verifier: Verifier;
  readonly cache: AnswerCache;
  readonly batches: Batches;
  readonly catalog: Catalog;
}

/** Longer claims are hashed for the cache key. */
const MAX_CLAIMS_IN_KEY = 128;
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

export function createJudge(parts: JudgeParts) {
  const { context, verifier, cache, batches, catalog } = parts;
  const { verify, assertIssuer, forgetRefused } = createCallerCheck(verifier, cache);

  function decideFor(
    token: string,
    { expiresAt, issuer, subject }: Principal,
    permissions: readonly Permission[],
    claims: string,
  ): readonly Verdict[] | Promise<readonly Verdict[]> {
    const now = context.clock();
    const verdicts: (Verdict | Promise<Verdict>)[] = [];
    let isAllKnown = true;
    // Answers from before a change of the user are over.
    const version = partsOf(verifier)?.changedAt(issuer, subject ?? '') ?? 0;
    const about = `${version || ''}${claims.length > MAX_CLAIMS_IN_KEY ? digest(claims) : claims}`;
    for (const permission of permissions) {
      const key = about + keyOf(permission);
      const known = cache.get(token, key, now);
      if (known !== undefined) {
        verdicts.push(known ? 'granted' : 'denied');
      } else {
        isAllKnown = false;
        verdicts.push(find(token, expiresAt, permission, key, claims));
      }
    }
    return isAllKnown ? (verdicts as Verdict[]) : settleAll(verdicts);
  }

  async function find(
    token: string,
    expiresAt: number,
    permission: Permission,
    key: string,
    claims: string,
  ): Promise<Verdict> {
    const { verdict, at } = await batches.ask({ token, claims }, permission, key).catch((error: unknown) => {
      throw forgetRefused(token, error);
    });
    if (verdict !== 'unknown') {
      const until = Math.min(at + context.permissionMs, expiresAt * 1000);
      cache.set(token, key, verdict === 'granted', at, until);
    }
    return verdict;
  }

  return {
    /**
     * A verdict for each permission, without a promise if all of them are in memory.
     *
     * @param claims see `toClaimText`
     * @throws {AuthError} or rejects with one
     */
    decide(caller: Caller, permissions: readonly Permission[], claims: string) {
      const { token, principal } = verify(caller);
      return principal instanceof Promise
        ? principal.then((verified) => decideFor(token, verified, permissions, claims))
        : decideFor(token, principal, permissions, claims);
    },
    idOf: catalog.idOf,
    /**
     * Whether the caller is of the realm of these permissions: ids of users are unique only together with their issuer.
     *
     * @throws {AuthError} rejects with `issuer_refused`, or with `provider_…` while the issuer is not known
     */
    async assertOfRealm(principal: Principal): Promise<void> {
      if (verifier.issuer.pinned === null) await verifier.issuer.discover();
      assertIssuer(principal);
    },
    /** The verified token of a caller. Rejects as `Verifier.verify` does. */
    async tokenFor(caller: Caller): Promise<string> {
      const { token, principal } = verify(caller);
      await principal;
      return token;
    },
  };
}

/** Verifies callers at each question, so that a revoked token loses its remembered permissions too. */
function createCallerCheck(verifier: Verifier, cache: AnswerCache) {
  function verify(caller: Caller): { token: string; principal: Principal | Promise<Principal> } {
    const token = typeof caller === 'string' ? caller : tokenOfPrincipal(caller as Principal);
    try {
      const result: unknown = verifier.verify(token);
      if (!isThenable(result)) return { token, principal: toVerified(result) };
      const late = Promise.resolve(result).then(toVerified);
      return {
        token,
        principal: late.catch((error: unknown) => Promise.reject(toRefusal(caller, token, error))),
      };
    } catch (error) {
      throw toRefusal(caller, token, error);
    }
  }

  /** The guard admitted a bound token with its proof, which is used up now. Keycloak cannot be asked about such a token. */
  function toRefusal(caller: Caller, token: string, error: unknown): unknown {
    const isBound = typeof caller !== 'string' && (error as AuthError).code === 'token_bound';
    return isBound ? toUnaskable() : forgetRefused(token, error);
  }

  /** Forgets the answers for a token that has become invalid. Returns the error. */
  function forgetRefused(token: string, error: unknown): unknown {
    if ((error as AuthError).statusCode === 401) cache.drop(token);
    return error;
  }

  /** @throws {AuthError} `issuer_refused` */
  function assertIssuer(principal: Principal): void {
    const current = verifier.issuer.current?.issuer ?? verifier.issuer.pinned;
    if (current === null || principal.issuer === current) return;
    throw new AuthError('issuer_refused', 'The token is of an issuer that has no permissions here', {
      expected: `issuer ${current}`,
      seen: principal.issuer,
    });
  }

  function tokenOfPrincipal(principal: Principal): string {
    if (principal === null || principal === undefined) {
      throw new AuthError('missing_token', 'A permission was asked for nobody: there is no principal');
    }
    assertIssuer(principal);
    const token = tokenOf(principal);
    if (token !== undefined) return token;
    throw new AuthError(
      'provider_misconfigured',
      'The principal was made by no verifier of this package, or is a copy: ask with the access token instead',
    );
  }

  return { verify, assertIssuer, forgetRefused };
}

/** A custom verifier may return anything: only a principal has permissions. */
function toVerified(value: unknown): Principal {
  if (isPrincipal(value)) return value;
  throw new TypeError(NO_PRINCIPAL);
}
