// For adapters that load browser sessions only when they are asked to: nothing here imports them. The rest is in
// internal.ts.
export { type Connection, type Connections, createConnections } from './connections.ts';
export { type BackchannelLogoutOptions, toMessageRoutes } from './message-routes.ts';
export { toOneRealm } from './one-realm.ts';
export {
  ADAPTER_RULES,
  type AdapterOptions,
  type OnDenied,
  resolveVerifier,
  type VerifierSource,
} from './options.ts';
export {
  createProtectedResources,
  type ProtectedResourceOptions,
  type ProtectedResources,
  pathOf,
  RESOURCE_RULES,
  toResourceRoutes,
} from './protected-resource.ts';
export type { Route, Routes } from './routes.ts';
export { tell } from './tell.ts';
