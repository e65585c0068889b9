// An MCP server in Express: everybody has notes of their own, and to clear them needs a scope more than to read them.
import { randomUUID } from 'node:crypto';
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express, { type Express } from 'express';
import type { Principal } from 'keycloak-guard';
import { type KeycloakOptions, keycloak, type McpOptions } from 'keycloak-guard/express';

export function buildApp(options: KeycloakOptions<express.Request>, mcp: McpOptions): Express {
  const kc = keycloak(options);
  const app = express();
  const notes: Notes = new Map();
  const transports = new Map<string, StreamableHTTPServerTransport>();

  app.use(kc.mcp({ scopes: ['notes:read'], tools: { 'clear-notes': 'notes:write' }, ...mcp }));
  app.all(new URL(mcp.url).pathname, async (request, response) => {
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

type Notes = Map<string | null, string[]>;

function createServer(notes: Notes): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });
  server.registerTool('list-notes', { description: 'Lists your notes' }, ({ authInfo }) => {
    const { subject, username } = principalOf(authInfo);
    return text(`Notes of ${username}: ${(notes.get(subject) ?? ['buy tea']).join(', ') || 'none'}`);
  });
  server.registerTool('clear-notes', { description: 'Clears your notes' }, ({ authInfo }) => {
    notes.set(principalOf(authInfo).subject, []);
    return text('Cleared');
  });
  return server;
}

/** The guard has put it there. */
function principalOf(authInfo: AuthInfo | undefined): Principal {
  return authInfo?.extra?.principal as Principal;
}
