import type { FastifyRequest } from 'fastify';
import type { McpOptions } from '../mcp/index.ts';
import { enterMcp, type McpCaller, mayBringMessage, openMcp } from '../mcp/internal.ts';
import { asPart } from './as-plugin.ts';
import { mountRoutes } from './mount.ts';
import { createRefuse } from './refuse.ts';
import { send } from './send.ts';

/**
 * Fastify plugin: guards an MCP server at the path of its URL, and answers its metadata. Sets `request.principal`, and
 * `request.raw.auth` for the SDK's transport. Needs `keycloakGuard` to be registered before.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @see Model Context Protocol, "Authorization"
 * @example
 * await app.register(keycloakMcp, { url: 'https://example.com/mcp', scopes: ['mcp:tools'] });
 * app.post('/mcp', async (request, reply) => {
 *   reply.hijack();
 *   await transport.handleRequest(request.raw, reply.raw, request.body);
 * });
 */
export const keycloakMcp = asPart<McpOptions & { readonly prefix?: never }>(
  'mcp',
  async (app, options, engine) => {
    const refuse = createRefuse(engine);
    const { routes, server } = openMcp(engine, options);
    mountRoutes(app, routes);
    const callers = new WeakMap<FastifyRequest, McpCaller>();

    app.addHook('onRequest', (request, reply, done) => {
      if (!server.isFor(request.url)) return done();
      enterMcp(server, request, reply, { raw: request.raw, response: reply.raw }).then(
        (entered) => {
          if (entered === null || 'status' in entered) return void (entered && send(reply, entered));
          callers.set(request, entered);
          request.principal = entered.principal;
          done();
        },
        (error: unknown) => refuse(error, request, reply, done),
      );
    });

    if (!server.readsBodies) return;
    app.addHook('preHandler', (request, reply, done) => {
      const caller = callers.get(request);
      try {
        if (caller !== undefined && mayBringMessage(request.method))
          server.assertMayCall(request, caller, request.body);
        done();
      } catch (error) {
        refuse(error, request, reply, done);
      }
    });
  },
);
