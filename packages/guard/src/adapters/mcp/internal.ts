// For adapters, those that load browser sessions on demand too: nothing here imports them.
export { enterMcp } from './enter.ts';
export { toFetchMcp } from './fetch-guard.ts';
export { toWatched } from './fetch-stream.ts';
export { type McpCaller, type McpDoor, type McpServer, openMcp } from './mcp-server.ts';
export { answerUnreadable, mayBringMessage } from './needed-scopes.ts';
export { readMessage } from './node-body.ts';
export { toNodeMcp } from './node-middleware.ts';
