import type { IncomingMessage } from 'node:http';

/** `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2). */
const HOST = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?$/i;

/**
 * Whether a request names its host as it must (RFC 9112 §3.2): once, and by what can be a host. Node keeps the first
 * of several; a proxy in front may have looked at the last.
 */
export function namesHost({ headers: { host }, httpVersion, rawHeaders }: IncomingMessage): boolean {
  if (host === undefined) return httpVersion !== '1.1';
  return HOST.test(host) && !isRepeated(rawHeaders);
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) seen++;
  }
  return seen > 1;
}
