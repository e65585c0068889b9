// For adapters that load browser sessions on demand: nothing here imports them. The rest is in internal.ts.
export type { McpAuthInfo } from './auth-info.ts';
export { createMcpServer, type McpCaller, type McpHost, type McpServer } from './mcp-server.ts';
export { type McpOptions, type ResolvedMcpOptions, resolveMcpOptions } from './options.ts';
export { watchAnswer } from './watch-answer.ts';
