import { type Answer, toJsonAnswer } from '../core/internal.ts';

/** An answer to a browser that any framework can send. */
export type SessionAnswer = Answer;

/** Nothing of a session belongs in a cache. */
export const NOT_FOR_CACHES = { 'cache-control': 'no-store' } as const;

/** Redirects with `GET` after any method (RFC 9110 §15.4.4). */
export function redirectTo(location: string, setCookies: readonly string[] = []): SessionAnswer {
  return { status: 303, headers: { ...NOT_FOR_CACHES, location }, setCookies, body: undefined };
}

export function jsonAnswer(body: object, setCookies: readonly string[] = []): SessionAnswer {
  return toJsonAnswer(200, NOT_FOR_CACHES, body, setCookies);
}
