// For adapters, those that load browser sessions on demand too: nothing here imports them.
export type { McpCaller } from './caller.ts';
export { toFetchMcp, toWatched } from './fetch.ts';
export { answerUnreadable, mayBringMessage, readMessage } from './messages.ts';
export { admitOnNode, toNodeMcp } from './node.ts';
export { type McpEngine, type McpServer, openMcp, withMetadata } from './server.ts';
