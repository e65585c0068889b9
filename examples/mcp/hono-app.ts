// The same server in Hono, with version 2 of the SDK: it keeps no sessions. `app.fetch` runs on Node, Bun, Deno and workers.
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { type KeycloakOptions, keycloak, type McpAuthInfo, type McpOptions } from 'keycloak-guard/hono';
import { createNotes, type Notes, principalOf, SCOPES, say } from './notes.ts';

interface Env {
  Variables: { auth: McpAuthInfo };
}

export function buildHonoApp(options: KeycloakOptions, mcp: McpOptions): Hono<Env> {
  const kc = keycloak(options);
  const app = new Hono<Env>();
  const handler = createHandler();

  const guard = kc.mcp({ ...SCOPES, ...mcp });
  app.use(guard.metadata);
  app.all(new URL(mcp.url).pathname, guard, (c) => handler.fetch(c.req.raw, { authInfo: c.var.auth }));
  return app;
}

/** Takes requests of the Fetch standard, whatever the framework. */
export function createHandler() {
  const notes = createNotes();
  return createMcpHandler(() => createServer(notes));
}

function createServer(notes: Notes): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('list-notes', { description: 'Lists your notes' }, ({ http }) =>
    say(notes.list(principalOf(http?.authInfo))),
  );
  server.registerTool('clear-notes', { description: 'Clears your notes' }, ({ http }) =>
    say(notes.clear(principalOf(http?.authInfo))),
  );
  return server;
}
