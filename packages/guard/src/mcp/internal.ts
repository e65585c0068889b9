// For adapters on Node's own servers.
export { toNodeMcp } from './node-middleware.ts';
