import type { FastifyRequest } from 'fastify';
import type { McpOptions } from '../mcp/index.ts';
import { admitOnNode, type McpCaller, mayBringMessage, openMcp } from '../mcp/internal.ts';
import { asPart } from './as-plugin.ts';
import { mountRoutes, rootOf } from './mount.ts';
import { createRefuse } from './refuse.ts';
import { send } from './send.ts';

/**
 * Fastify plugin: guards every route of its scope as an MCP server, but none with `config: { guard: false }`, and answers its
 * metadata at the root of the application. Sets `request.principal`, and `request.raw.auth` for the SDK's transport. Needs
 * `keycloakGuard` to be registered before.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @see Model Context Protocol, "Authorization"
 * @example
 * await app.register(async (scope) => {
 *   await scope.register(keycloakMcp, { url: 'https://example.com/mcp', scopes: ['mcp:tools'] });
 *   scope.all('/mcp', async (request, reply) => {
 *     reply.hijack();
 *     await transport.handleRequest(request.raw, reply.raw, request.body);
 *   });
 * });
 */
export const keycloakMcp = asPart<McpOptions & { readonly prefix?: never }>(
  'mcp',
  async (app, options, engine) => {
    const refuse = createRefuse(engine);
    const { server, publish } = openMcp(engine, options);
    mountRoutes(rootOf(app), publish(), engine);
    const callers = new WeakMap<FastifyRequest, McpCaller>();

    app.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.config.guard === false) return done();
      admitOnNode(server, request, reply, { raw: request.raw, response: reply.raw }).then(
        (admitted) => {
          if (admitted === null || 'status' in admitted) return void (admitted && send(reply, admitted));
          callers.set(request, admitted);
          request.principal = admitted.principal;
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
