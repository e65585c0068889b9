export type {
  BackchannelLogoutOptions,
  KeycloakOptions,
  Next,
  NodeMiddleware,
  NodeRequest,
  NodeResponse,
  SessionSettings,
} from '../adapter/internal.ts';
export type { GuardOptions } from '../core/internal.ts';
export { type GuardedListener, keycloak, type NodeKeycloak } from './keycloak.ts';
