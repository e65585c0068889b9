import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Ids that are cheap to make and differ between processes and starts. The caller's `X-Request-Id` is taken over
 * only from a trusted proxy: it goes into the log, and anybody else could write anything there.
 */
export function createRequestIds(isProxyTrusted: boolean): (request: IncomingMessage) => string {
  const prefix = randomBytes(4).toString('hex');
  let count = 0;
  const next = (): string => `${prefix}-${(count++).toString(36)}`;
  if (!isProxyTrusted) return next;
  return (request) => {
    const given = request.headers['x-request-id'];
    return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : next();
  };
}
