import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ProtectedResourceOptions, type Routes, toResourceRoutes } from '../engine/index.ts';
import { asPlugin } from './as-plugin.ts';
import { REFUSE } from './refuse.ts';
import { send } from './send.ts';

/** On instances: the resources that challenges name. */
export const RESOURCES: unique symbol = Symbol('protected resources');
/** On instances: the connections that stay open. */
export const CONNECTIONS: unique symbol = Symbol('connections');
/** On instances: a gate that takes tokens alone. */
export const TOKEN_GATE: unique symbol = Symbol('token gate');

/**
 * Fastify plugin: says which resource this API is. Answers `GET /.well-known/oauth-protected-resource`, with the path of its URL
 * behind, and names it in every challenge, so that clients which know nothing but the URL find Keycloak and the scopes. Needs
 * `keycloakGuard` to be registered before.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @see RFC 9728
 * @example
 * await app.register(protectedResource, { url: 'https://api.example.com', scopes: ['orders:read'] });
 */
export const protectedResource = asPlugin<ProtectedResourceOptions & { readonly prefix?: never }>(
  'keycloak-guard-protected-resource',
  async (app, options) => addMetadata(app, toResourceRoutes(app.verifier, app[RESOURCES], options)),
  ['keycloak-guard'],
);

/** Open to all: a client without a token reads here where to get one. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

export function addMetadata(app: FastifyInstance, routes: Routes<FastifyRequest>): void {
  for (const { method, path, answer } of routes.all) {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        return send(reply, await answer(request, undefined));
      } catch (error) {
        app[REFUSE](error, request, reply, (fault) => {
          throw fault;
        });
        return reply;
      }
    };
    app.route({ method, url: path, ...OPEN, handler });
  }
}
