/** An answer that any framework can send. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; none is `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Values of `Set-Cookie`, one header each. */
  readonly setCookies: readonly string[];
  /** `undefined`: there is none. */
  readonly body: string | undefined;
}

/** An answer in JSON. */
export function toJsonAnswer(
  status: number,
  headers: Answer['headers'],
  body: object,
  setCookies: Answer['setCookies'] = [],
): Answer {
  const withType = { ...headers, 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: withType, setCookies, body: JSON.stringify(body) };
}
