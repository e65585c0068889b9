// An MCP server in Express, with version 1 of the SDK: it keeps a session for each client.
import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express, { type Express } from 'express';
import { type KeycloakOptions, keycloak, type McpOptions } from 'keycloak-guard/express';
import { createNotes, type Notes, principalOf, SCOPES, say } from './notes.ts';

export function buildApp(options: KeycloakOptions, mcp: McpOptions): Express {
  const kc = keycloak(options);
  const app = express();
  const notes = createNotes();
  const transports = new Map<string, StreamableHTTPServerTransport>();

  const guard = kc.mcp({ ...SCOPES, ...mcp });
  app.use(guard.metadata);
  app.all(new URL(mcp.url).pathname, guard, async (request, response) => {
    const sessionId = request.header('mcp-session-id');
    const known = sessionId === undefined ? await open() : transports.get(sessionId);
    if (known === undefined) response.status(404).json({ detail: 'Session not found' });
    else await known.handleRequest(request, response, request.body);
  });

  async function open(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    });
    // The SDK's own types do not agree where optional members are exact.
    await createServer(notes).connect(transport as Parameters<McpServer['connect']>[0]);
    return transport;
  }
  return app;
}

function createServer(notes: Notes): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('list-notes', { description: 'Lists your notes' }, ({ authInfo }) =>
    say(notes.list(principalOf(authInfo))),
  );
  server.registerTool('clear-notes', { description: 'Clears your notes' }, ({ authInfo }) =>
    say(notes.clear(principalOf(authInfo))),
  );
  return server;
}
