export * from '../engine/index.ts';
export type { Next, NodeMiddleware, NodeRequest, NodeResponse } from '../engine/internal.ts';
export {
  type GuardedListener,
  type KeycloakOptions,
  keycloak,
  type NodeKeycloak,
  type PlainListener,
} from './keycloak.ts';
