import type { IncomingMessage } from 'node:http';
import { isRepeated } from 'keycloak-guard/unstable';

/**
 * Whether a request names its host as often as it must (RFC 9112 §3.2): once. Node keeps the first of several; a proxy
 * in front may have looked at the last. What stands in it is looked at where it is used.
 */
export function namesHost({ headers: { host }, httpVersion, rawHeaders }: IncomingMessage): boolean {
  return host === undefined ? httpVersion !== '1.1' : !isRepeated(rawHeaders, 'host');
}
