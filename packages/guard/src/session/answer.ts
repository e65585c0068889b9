/** What a browser is answered, for any framework to send. */
export interface SessionAnswer {
  readonly status: number;
  /** Names in lower case; none is `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Values of `Set-Cookie`, each a header of its own. */
  readonly setCookies: readonly string[];
  /** `undefined`: there is none. */
  readonly body: string | undefined;
}

/** A session has no place in any cache. */
export const NOT_FOR_CACHES = { 'cache-control': 'no-store' } as const;

/** On with `GET`, wherever it came from (RFC 9110 §15.4.4). */
export function redirectTo(location: string, setCookies: readonly string[] = []): SessionAnswer {
  return { status: 303, headers: { ...NOT_FOR_CACHES, location }, setCookies, body: undefined };
}

export function jsonAnswer(body: object, setCookies: readonly string[] = []): SessionAnswer {
  const headers = { ...NOT_FOR_CACHES, 'content-type': 'application/json; charset=utf-8' };
  return { status: 200, headers, setCookies, body: JSON.stringify(body) };
}
