import type { FastifyRequest } from 'fastify';
import {
  createMcpServer,
  type McpCaller,
  type McpOptions,
  resolveMcpOptions,
  watchAnswer,
} from '../mcp/index.ts';
import { asPlugin } from './as-plugin.ts';
import { ENGINE } from './engine.ts';
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
export const keycloakMcp = asPlugin<McpOptions & { readonly prefix?: never }>(
  'keycloak-guard-mcp',
  async (app, options) => {
    const resolved = resolveMcpOptions(options);
    const engine = app[ENGINE];
    const refuse = createRefuse(engine);
    mountRoutes(app, engine.protectedResource(resolved.resource, resolved.challenged));
    const server = createMcpServer(resolved, engine.statelessGate(), engine);
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
        (error: unknown) => refuse(error, request, reply, done),
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
        refuse(error, request, reply, done);
      }
    });
  },
  ['keycloak-guard'],
);
