// For adapters, those that load browser sessions on demand too: nothing here imports them.

export { toFetchMcp, toWatched } from './fetch.ts';
export { answerUnreadable, mayBringMessage, readMessage } from './messages.ts';
export { admitOnNode, toNodeMcp } from './node.ts';
export type { McpCaller } from './options.ts';
export { type McpEngine, type McpServer, openMcp, withMetadata } from './server.ts';
