/**
 * The path of a request's target, also of a whole URL (RFC 9112 §3.2.2): unchanged, because routers differ in how they
 * read dots and escapes.
 */
export function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}
