import { type Answer, toJsonAnswer } from '../core/internal.ts';

/** What a browser is answered, for any framework to send. */
export type SessionAnswer = Answer;

/** A session has no place in any cache. */
export const NOT_FOR_CACHES = { 'cache-control': 'no-store' } as const;

/** On with `GET`, wherever it came from (RFC 9110 §15.4.4). */
export function redirectTo(location: string, setCookies: readonly string[] = []): SessionAnswer {
  return { status: 303, headers: { ...NOT_FOR_CACHES, location }, setCookies, body: undefined };
}

export function jsonAnswer(body: object, setCookies: readonly string[] = []): SessionAnswer {
  return toJsonAnswer(200, NOT_FOR_CACHES, body, setCookies);
}
