import type { IncomingMessage } from 'node:http';

/**
 * Whether a request names its host as often as it must (RFC 9112 §3.2): once. Node keeps the first of several; a proxy
 * in front may have looked at the last. What stands in it is looked at where it is used.
 */
export function namesHost({ headers: { host }, httpVersion, rawHeaders }: IncomingMessage): boolean {
  return host === undefined ? httpVersion !== '1.1' : !isRepeated(rawHeaders);
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) seen++;
  }
  return seen > 1;
}
