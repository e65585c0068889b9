// For adapters on Node's own servers, and on the Fetch standard.
export { toFetchMcp } from './fetch-guard.ts';
export { readMessage } from './node-body.ts';
export { toNodeMcp } from './node-middleware.ts';
