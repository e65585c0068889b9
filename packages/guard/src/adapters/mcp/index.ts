// Types for users. The rest is in internal.ts.
export type { McpAuthInfo } from './auth-info.ts';
export type { McpOptions } from './options.ts';
