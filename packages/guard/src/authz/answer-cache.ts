import { createBoundedCache } from '../core/internal.ts';

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

/** When full, it drops all answers for the least recently used token. */
export function createAnswerCache(maxAnswers: number) {
  const tokens = createBoundedCache<TokenAnswers>(Math.max(1, maxAnswers));
  let size = 0;

  function find(token: string): TokenAnswers | undefined {
    const found = tokens.get(token.slice(-TAIL));
    return found?.token === token ? found : undefined;
  }

  function remove({ token, answers }: TokenAnswers): void {
    size -= answers.size;
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
      const held = find(token);
      const answer = held?.answers.get(key);
      if (held === undefined || answer === undefined) return undefined;
      if (now >= answer.from && now < answer.until) return answer.isGranted;
      held.answers.delete(key);
      size--;
      if (held.answers.size === 0) remove(held);
      return undefined;
    },
    set(token: string, key: string, isGranted: boolean, from: number, until: number): void {
      if (maxAnswers === 0 || until <= from) return;
      makeRoom();
      let held = tokens.get(token.slice(-TAIL));
      if (held !== undefined && held.token !== token) {
        remove(held);
        held = undefined;
      }
      if (held === undefined) {
        held = { token, answers: new Map() };
        tokens.set(token.slice(-TAIL), held);
      }
      if (!held.answers.has(key)) size++;
      held.answers.set(key, { isGranted, from, until });
    },
    /** Forgets a token that has become invalid. */
    drop(token: string): void {
      const held = find(token);
      if (held !== undefined) remove(held);
    },
    get size(): number {
      return size;
    },
  };
}
