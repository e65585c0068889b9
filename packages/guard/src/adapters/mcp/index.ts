// Types for users. The rest is in internal.ts.
export type { McpAuthInfo, McpOptions } from './options.ts';
export type { WithMetadata } from './server.ts';
