import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isRepeated } from 'keycloak-guard/unstable';

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
    const id = headers['x-request-id'];
    if (typeof id !== 'string' || !/^[\w.-]{1,64}$/.test(id)) return next();
    return trusts(socket.remoteAddress ?? '', 0) ? id : next();
  };
}

/**
 * Whether a request names its host as often as it must (RFC 9112 §3.2): once. Node keeps the first of several; a proxy
 * in front may have looked at the last. What stands in it is looked at where it is used.
 */
export function namesHost({ headers: { host }, httpVersion, rawHeaders }: IncomingMessage): boolean {
  return host === undefined ? httpVersion !== '1.1' : !isRepeated(rawHeaders, 'host');
}

/** Names that no name server answers for, and addresses of this machine (RFC 6761 §6.3). */
const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])\.?(?::\d{1,5})?$/i;

/**
 * Refuses every request that calls this service by another name. Where everybody knows the password, a page of another
 * site, whose name was made to point to this machine, could log in and read the token (DNS rebinding).
 */
export function answerLoopbackNamesOnly(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (LOOPBACK.test(request.headers.host ?? '')) return;
    return reply
      .code(403)
      .header('cache-control', 'no-store')
      .send({ detail: 'With the embedded provider this service answers to loopback names alone.' });
  });
}

/** Whether a route is one of those that load balancers, container engines and orchestrators ask every few seconds. */
export const isHealthRoute = (route: string | undefined): boolean => route?.startsWith('/health/') === true;
