const LONGEST = 2048;

/**
 * The path to return to after a login; `home` for anything that is not clearly a path of this origin. Anything that a browser
 * could read as another host is refused: `//evil`, `/\evil`, `https:evil`, tabs and line breaks, and paths that become one
 * of these when they are normalised (`/.//evil`).
 *
 * @see RFC 9700 §4.11
 */
export function toReturnPath(value: unknown, origin: string, home: string): string {
  if (typeof value !== 'string' || value.length > LONGEST) return home;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop some of them, which changes what is left
  if (!value.startsWith('/') || /[\\\u0000-\u0020\u007f]/.test(value)) return home;
  if (!URL.canParse(value, origin)) return home;
  const url = new URL(value, origin);
  const path = `${url.pathname}${url.search}${url.hash}`;
  // Once more: percent-encoded it is up to nine times as long, and it has to fit into a cookie.
  return url.origin === origin && !path.startsWith('//') && path.length <= LONGEST ? path : home;
}
