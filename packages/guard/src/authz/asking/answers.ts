import { createBoundedCache, readCompactJws } from '../../core/internal.ts';
import type { AuthzContext } from '../keycloak/context.ts';
import { type GrantedResource, toGrants } from './question.ts';

/** Keycloak's answers about single permissions, each valid for a time. Unit: milliseconds since 1970. */
export type AnswerCache = ReturnType<typeof createAnswerCache>;

interface KnownAnswer {
  readonly isGranted: boolean;
  /** A time before this means that the clock was set back. */
  readonly from: number;
  readonly until: number;
}

interface TokenAnswers {
  readonly token: string;
  readonly answers: Map<string, KnownAnswer>;
}

/** Length of the key: the end of the signature, which nobody can choose. The whole token is compared after the look-up. */
const TAIL = 43;
/** A longer token counts as further answers: the realm of a tenant chooses how long its tokens are. Unit: characters. */
const OF_ONE_ANSWER = 2_000;
const weightOf = (token: string): number => Math.floor(token.length / OF_ONE_ANSWER);

/** When full, it drops all answers for the least recently used token. */
export function createAnswerCache(maxAnswers: number) {
  const tokens = createBoundedCache<TokenAnswers>(Math.max(1, maxAnswers));
  let size = 0;

  function find(token: string): TokenAnswers | undefined {
    const known = tokens.get(token.slice(-TAIL));
    return known?.token === token ? known : undefined;
  }

  function remove({ token, answers }: TokenAnswers): void {
    size -= answers.size + weightOf(token);
    tokens.delete(token.slice(-TAIL));
  }

  function makeRoom(): void {
    while (size >= maxAnswers) {
      const oldest = tokens.oldest();
      if (oldest === undefined) return;
      remove(oldest);
    }
  }

  return {
    /** `undefined`: ask Keycloak. */
    get(token: string, key: string, now: number): boolean | undefined {
      const entry = find(token);
      const answer = entry?.answers.get(key);
      if (entry === undefined || answer === undefined) return undefined;
      if (now >= answer.from && now < answer.until) return answer.isGranted;
      entry.answers.delete(key);
      size--;
      if (entry.answers.size === 0) remove(entry);
      return undefined;
    },
    set(token: string, key: string, isGranted: boolean, from: number, until: number): void {
      if (maxAnswers === 0 || until <= from) return;
      makeRoom();
      let entry = tokens.get(token.slice(-TAIL));
      if (entry !== undefined && entry.token !== token) {
        remove(entry);
        entry = undefined;
      }
      if (entry === undefined) {
        entry = { token, answers: new Map() };
        tokens.set(token.slice(-TAIL), entry);
        size += weightOf(token);
      }
      if (!entry.answers.has(key)) size++;
      entry.answers.set(key, { isGranted, from, until });
    },
    /** Forgets a token that has become invalid. */
    drop(token: string): void {
      const entry = find(token);
      if (entry !== undefined) remove(entry);
    },
    get size(): number {
      return size;
    },
  };
}

/** Start of `jti` in a token that Keycloak (26.4 and later) issued as an answer to a question, not by a refresh. */
const ISSUED_AS_RPT = /^[a-z]{2}rtna:/;

/**
 * Keycloak's own client for the account console: not a resource server. The mapper "audience resolve" of the scope
 * `roles` adds it for users with the default roles. Keycloak 26.7 writes the API alone into a new RPT and runs the mappers
 * when it is refreshed; the `jti` tells that apart.
 */
const ACCOUNT = 'account';

/**
 * The permissions that a verified token itself carries, if they can be trusted; otherwise `undefined`. A refreshed RPT looks
 * new but carries old permissions. Its `jti` and its audiences tell it apart. Permissions granted by pushed claims bear these
 * claims, and are left out: whoever holds a token of a confidential client can ask Keycloak with claims of their choice.
 */
export function readTokenPermissions(
  token: string,
  { clientId, permissionMs, clock }: Pick<AuthzContext, 'clientId' | 'permissionMs' | 'clock'>,
): readonly GrantedResource[] | undefined {
  const { aud, iat, jti, authorization } = readCompactJws(token).payload();
  const permissions = (authorization as { permissions?: unknown } | null | undefined)?.permissions;
  if (permissions === undefined || typeof iat !== 'number' || typeof jti !== 'string') return undefined;
  const others = [aud].flat().filter((one) => one !== clientId && one !== ACCOUNT);
  const isForUsAlone = others.length === 0 && [aud].flat().includes(clientId);
  const age = clock() - iat * 1000;
  if (!isForUsAlone || !ISSUED_AS_RPT.test(jti) || age < 0 || age >= permissionMs) return undefined;
  const own = Array.isArray(permissions) ? permissions.filter((one) => one?.claims === undefined) : [];
  return toGrants(JSON.stringify(own));
}
