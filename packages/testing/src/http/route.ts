import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerPreflight } from './cors.ts';

/** The endpoints, which count requests and can be made to fail one by one. */
export const ENDPOINTS = [
  'realm',
  'discovery',
  'jwks',
  'authorization',
  'par',
  'registration',
  'protection',
  'device',
  'status',
  'account',
  'login',
  'token',
  'userinfo',
  'introspection',
  'revocation',
  'logout',
  'other',
] as const;

/**
 * An endpoint of the provider. `login` is the login page's form, `par` takes pushed requests, `registration` registers clients,
 * `protection` is the protection API of authorization services, `status` the frames of keycloak-js, `account` the user's own
 * profile, `other` everything else.
 */
export type Endpoint = (typeof ENDPOINTS)[number];

declare module 'fastify' {
  interface FastifyContextConfig {
    endpoint?: Endpoint;
  }
}

interface RouteOptions {
  endpoint: Endpoint;
  path: string;
  methods: readonly ('GET' | 'POST')[];
  /** Methods that a preflight lists instead of `methods`. */
  preflight?: readonly string[];
  handler(request: FastifyRequest, reply: FastifyReply): unknown;
}

const ALL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Registers an endpoint, its preflight, and 405 for every other method. */
export function addRoute(app: FastifyInstance, options: RouteOptions): void {
  const { endpoint, path, methods, handler } = options;
  const config = { endpoint };
  const answered = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  app.route({ method: [...methods], url: path, config, handler });
  app.route({
    method: 'OPTIONS',
    url: path,
    config,
    handler: (request, reply) =>
      answerPreflight(request, reply, options.preflight ?? [...answered, 'OPTIONS']),
  });
  const refused = ALL.filter(
    (method) => method !== 'OPTIONS' && !(answered as readonly string[]).includes(method),
  );
  app.route({
    method: refused,
    url: path,
    config,
    handler: (_request, reply) => reply.code(405).send({ error: 'HTTP 405 Method Not Allowed' }),
  });
}
