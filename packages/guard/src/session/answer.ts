import { type Answer, toJsonAnswer } from '../core/internal.ts';

/** An answer to a browser that any framework can send. */
export type SessionAnswer = Answer;

/** Nothing of a session belongs in a cache. */
export const NOT_FOR_CACHES = { 'cache-control': 'no-store' } as const;

/** An answer by cookie is for this browser: caches that several people share would hand it to the next one (RFC 9111 §5.2.2.7). */
export const FOR_THIS_BROWSER = { 'cache-control': 'private', vary: 'Cookie' } as const;
/** An answer without a session is for those who have none. */
export const FOR_NOBODY = { vary: 'Cookie' } as const;

/** Redirects with `GET` after any method (RFC 9110 §15.4.4). */
export function redirectTo(location: string, setCookies: readonly string[] = []): SessionAnswer {
  return { status: 303, headers: { ...NOT_FOR_CACHES, location }, setCookies, body: undefined };
}

export function jsonAnswer(body: object, setCookies: readonly string[] = []): SessionAnswer {
  return toJsonAnswer(200, NOT_FOR_CACHES, body, setCookies);
}
