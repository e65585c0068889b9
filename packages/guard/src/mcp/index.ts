// What an adapter needs that loads browser sessions only when it is asked to; all else is in internal.ts.
export type { McpAuthInfo } from './auth-info.ts';
export { createMcpServer, type McpCaller, type McpServer } from './mcp-server.ts';
export { type McpOptions, type ResolvedMcpOptions, resolveMcpOptions } from './options.ts';
export { watchHead } from './session-id.ts';
