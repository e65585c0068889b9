/**
 * What MCP clients of 2026 name when they register: hosts of their `client_uri` and redirect URIs. Keycloak's policy Trusted Hosts
 * compares them (`client-uris-must-match`). For development they may all register; in Keycloak `setup mcp --program` trusts them.
 */
export const KNOWN_HOSTS: readonly string[] = [
  // Visual Studio Code.
  'code.visualstudio.com',
  'vscode.dev',
  'insiders.vscode.dev',
  // Claude.
  'claude.ai',
  'claude.com',
  // Cursor: its redirect URI has a scheme of its own, and this in place of a host.
  'anysphere.cursor-mcp',
  'cursor.com',
  'www.cursor.com',
  // MCP Inspector and mcp-remote.
  'github.com',
];
