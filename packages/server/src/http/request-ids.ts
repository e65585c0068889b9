import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Whether the address is that of a trusted proxy. */
export type TrustsProxy = (address: string, hop: number) => boolean;

/**
 * Ids that are cheap to make and differ between processes and starts. The caller's `X-Request-Id` is taken over
 * only where it comes from a trusted proxy: it goes into the log, and anybody else could write anything there.
 *
 * @param trusts `false`: no proxy
 */
export function createRequestIds(trusts: false | TrustsProxy): (request: IncomingMessage) => string {
  const prefix = randomBytes(4).toString('hex');
  let count = 0;
  const next = (): string => `${prefix}-${(count++).toString(36)}`;
  if (trusts === false) return next;
  return ({ headers, socket }) => {
    const given = headers['x-request-id'];
    if (typeof given !== 'string' || !/^[\w.-]{1,64}$/.test(given)) return next();
    return trusts(socket.remoteAddress ?? '', 0) ? given : next();
  };
}
