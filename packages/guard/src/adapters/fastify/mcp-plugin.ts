import type { FastifyReply, FastifyRequest } from 'fastify';
import { toResourceRoutes } from '../engine/index.ts';
import {
  createMcpServer,
  type McpCaller,
  type McpOptions,
  resolveMcpOptions,
  watchAnswer,
} from '../mcp/index.ts';
import { asPlugin } from './as-plugin.ts';
import { addMetadata, CONNECTIONS, RESOURCES, TOKEN_GATE } from './protected-resource.ts';
import { REFUSE } from './refuse.ts';
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
export const keycloakMcp = asPlugin<McpOptions & { readonly prefix?: never }>(
  'keycloak-guard-mcp',
  async (app, options) => {
    const resolved = resolveMcpOptions(options);
    const { resource, challenged } = resolved;
    addMetadata(app, toResourceRoutes(app.verifier, app[RESOURCES], resource, challenged));
    const clock = app.verifier.members[0]?.context?.options.clock ?? Date.now;
    const server = createMcpServer<FastifyRequest, FastifyReply>(resolved, app[TOKEN_GATE], {
      toRequest: ({ raw }) => raw,
      clock,
      connections: app[CONNECTIONS],
      verifier: app.verifier,
    });
    const callers = new WeakMap<FastifyRequest, McpCaller>();

    app.addHook('onRequest', (request, reply, done) => {
      if (!server.isFor(request.url)) return done();
      const preflight = server.preflight(request.raw);
      if (preflight !== undefined) {
        send(reply, preflight);
        return;
      }
      // On Node's answer: the transport writes to that, and Fastify adds its own.
      for (const [name, value] of Object.entries(server.corsHeaders(request.raw))) {
        reply.raw.setHeader(name, value);
      }
      server.admit(request, reply).then(
        (caller) => {
          callers.set(request, caller);
          watchAnswer(reply.raw, caller);
          request.principal = caller.principal;
          Object.assign(request.raw, { auth: caller.auth });
          done();
        },
        (error: unknown) => app[REFUSE](error, request, reply, done),
      );
    });

    if (!server.readsBodies) return;
    app.addHook('preHandler', (request, reply, done) => {
      const caller = callers.get(request);
      try {
        if (caller !== undefined && request.method === 'POST')
          server.assertMayCall(request, caller, request.body);
        done();
      } catch (error) {
        app[REFUSE](error, request, reply, done);
      }
    });
  },
  ['keycloak-guard'],
);
