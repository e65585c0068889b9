/**
 * The target of a request as it was sent: what follows scheme and host (RFC 9112 §3.2). It is cut out of the URL as a string:
 * Deno and workerd leave dot segments and backslashes in `request.url`, a URL parser resolves them, and routers do either. A URL
 * without a host, as `Host: /x` makes one there, is no target: a URL parser takes the first part of its path for the host.
 *
 * @param url a target, or a whole URL
 */
export function targetOf(url: string): string {
  return url.replace(/^[a-z][a-z\d+.-]*:\/\/[^\\/?#]+/i, '');
}

/** The path of {@link targetOf}, unchanged: routers differ in how they read dots and escapes. */
export function pathOf(url: string): string {
  return targetOf(url).replace(/[?#].*$/s, '');
}
