// For adapters on Node's servers and on the Fetch standard.
export { toFetchMcp } from './fetch-guard.ts';
export { toWatched } from './fetch-stream.ts';
export { answerUnreadable } from './needed-scopes.ts';
export { readMessage } from './node-body.ts';
export { toNodeMcp } from './node-middleware.ts';
