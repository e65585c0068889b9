import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.ts';
import type { SendUnknown } from './not-found.ts';

/** Headers that OpenTelemetry and the like add to each `fetch` of a page (W3C Trace Context, Baggage; B3). */
const TRACING = ['traceparent', 'tracestate', 'baggage', 'b3'];

/** Lets pages of these origins call this service. Call it after the guards: the plugin adds a route. */
export async function allowOrigins(
  app: FastifyInstance,
  { corsOrigins, dpop }: Pick<Config, 'corsOrigins' | 'dpop'>,
  sendUnknown: SendUnknown,
): Promise<void> {
  // The plugin takes every OPTIONS for a preflight, and reports those that are not as mistakes.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.raw.method === 'OPTIONS' && !isPreflight(request)) sendUnknown(request, reply);
    else done();
  });
  const { default: cors } = await import('@fastify/cors');
  await app.register(cors, {
    origin: [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['Authorization', 'Content-Type', ...(dpop === 'off' ? [] : ['DPoP']), ...TRACING],
    exposedHeaders: ['WWW-Authenticate', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });
}

/** Fetch, "CORS-preflight request" */
function isPreflight({ raw: { headers } }: FastifyRequest): boolean {
  return Boolean(headers.origin && headers['access-control-request-method']);
}
