import type { Answer } from './http.ts';

/** What the load does. */
export type Kind =
  | 'POST /login'
  | 'sign-in with the browser'
  | 'POST /refresh'
  | 'POST /logout'
  | 'sign-out in the browser'
  | 'logout at Keycloak'
  | 'GET /protected, token'
  | 'GET /protected, cookie'
  | 'GET /protected, logged out';

/** Answers of one kind that failed in the same way, for the same cause. */
export interface Failure {
  readonly kind: Kind;
  readonly answer: string;
  /** Why that was to be expected; `undefined`: unexplained. */
  readonly cause: string | undefined;
  readonly phase: string;
  count: number;
  /** As `performance.now()`. */
  lastAt: number;
}

/** What is done to the installation just now. */
export interface Phase {
  readonly name: string;
  /** Nothing is broken on purpose: a logout must count everywhere within `SHARED_WITHIN_MS`. */
  readonly isQuiet: boolean;
  /** Why an answer is as documented, although it is none that was hoped for. */
  explain(kind: Kind, answer: Answer): string | undefined;
}

export const QUIET: Phase = { name: 'quiet', isQuiet: true, explain: () => undefined };

/** Counts what came back. */
export class Tally {
  readonly times = new Map<Kind, number[]>();
  readonly failures = new Map<string, Failure>();
  /** 401 for somebody who is signed in. */
  readonly signedOutWrongly: string[] = [];
  /** 200 for somebody who was logged out. */
  readonly letInWrongly: string[] = [];
  /** The state changed while the request was under way: either answer is right. */
  between = 0;
  /** Not sent, because too many requests were under way. */
  skipped = 0;

  count(kind: Kind, answer: Answer): void {
    const times = this.times.get(kind);
    if (times === undefined) this.times.set(kind, [answer.ms]);
    else times.push(answer.ms);
  }

  fail(kind: Kind, answer: Answer, phase: Phase): void {
    const text = answer.status === 0 ? `none: ${answer.detail}` : `${answer.status} ${answer.detail}`.trim();
    const cause = phase.explain(kind, answer);
    const key = JSON.stringify([kind, text, cause, phase.name]);
    const failure = this.failures.get(key) ?? {
      kind,
      answer: text,
      cause,
      phase: phase.name,
      count: 0,
      lastAt: 0,
    };
    failure.count++;
    failure.lastAt = answer.sentAt + answer.ms;
    this.failures.set(key, failure);
  }

  get requests(): number {
    return [...this.times.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get failed(): number {
    return this.failuresIn(() => true).reduce((sum, { count }) => sum + count, 0);
  }

  get unexplained(): number {
    return this.failuresIn(({ cause }) => cause === undefined).reduce((sum, { count }) => sum + count, 0);
  }

  failuresIn(isMeant: (failure: Failure) => boolean): Failure[] {
    return [...this.failures.values()].filter(isMeant);
  }
}
