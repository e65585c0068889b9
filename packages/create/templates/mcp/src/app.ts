import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import type { Principal } from 'keycloak-guard';
import { keycloak, type McpAuthInfo } from 'keycloak-guard/hono';
import type { Settings } from './settings.ts';

/** Each user has separate notes. Clearing them needs one scope more than reading them. */
const SCOPES = { scopes: ['notes:read'], tools: { 'clear-notes': 'notes:write' } };

export function buildApp(settings: Settings): Hono<{ Variables: { auth: McpAuthInfo } }> {
  const kc = keycloak(settings.keycloak);
  // In Keycloak, the client of an MCP server has the URL of the server as its name.
  const url = settings.keycloak.clientId;
  const app = new Hono<{ Variables: { auth: McpAuthInfo } }>();
  const notes = new Map<string | null, string[]>();
  const handler = createMcpHandler(() => createServer(notes));

  // For Kubernetes and load balancers: whether the keys of the realm are loaded.
  app.get('/health/ready', async (c) => {
    // Hono loads nothing before the first request.
    await kc.load();
    const health = kc.health();
    return c.json(health, health.isReady ? 200 : 503);
  });
  app.get('/', (c) => c.text(`The MCP server is at ${url}`));

  // The page of the MCP Inspector may call it too.
  const mcp = kc.mcp({ ...SCOPES, url, allowedOrigins: ['http://localhost:6274'] });
  app.use(mcp.metadata);
  app.all(new URL(url).pathname, mcp, (c) => handler.fetch(c.req.raw, { authInfo: c.var.auth }));
  return app;
}

function createServer(notes: Map<string | null, string[]>): McpServer {
  const server = new McpServer({ name: 'my-app', version: '1.0.0' });

  server.registerTool('list-notes', { description: 'Lists your notes' }, ({ http }) => {
    const { subject, username } = callerOf(http?.authInfo);
    return say(`Notes of ${username}: ${(notes.get(subject) ?? ['buy tea']).join(', ') || 'none'}`);
  });

  server.registerTool('clear-notes', { description: 'Clears your notes' }, ({ http }) => {
    notes.set(callerOf(http?.authInfo).subject, []);
    return say('Cleared');
  });

  return server;
}

/** The caller, as the guard verified it. */
function callerOf(authInfo?: { extra?: Record<string, unknown> }): Principal {
  return authInfo?.extra?.principal as Principal;
}

function say(text: string) {
  return { content: [{ type: 'text' as const, text }] };
}
