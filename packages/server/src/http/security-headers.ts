import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Draining } from '../readiness/readiness.ts';
import { namesHost } from './requests.ts';

/**
 * The short set for answers in JSON; HTML pages get `@fastify/helmet` instead. Each header costs about 2 % of the
 * throughput, so this list is short. `no-store`: tokens and personal data do not belong in caches.
 */
export function setHeaders(app: FastifyInstance, draining: Draining): void {
  app.addHook('onRequest', (request, reply, done) => {
    // For Fastify's own lines about a request.
    request.log = app.log;
    reply.log = app.log;
    setHeadersOf(reply);
    // A proxy that keeps connections then closes them before this end does, and no request is lost.
    if (draining.isDraining) reply.header('connection', 'close');
    // In place of Node (`requireHostHeader`), whose answer has no body.
    if (!namesHost(request.raw)) {
      reply.code(400).header('connection', 'close').send({ detail: 'Bad Request' });
    } else {
      done();
    }
  });
}

export function setHeadersOf(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
}

/** Content Security Policy of the pages: everything from this process, nothing inline but styles. */
export const PAGE_HELMET = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // For this host alone: this service does not decide for its neighbours.
  strictTransportSecurity: { includeSubDomains: false },
  xFrameOptions: { action: 'deny' },
  // With helmet's `no-referrer` a form is sent with `Origin: null`, and on plain http nothing else tells "Sign out" from
  // a form of another site.
  referrerPolicy: { policy: 'same-origin' },
} as const;
