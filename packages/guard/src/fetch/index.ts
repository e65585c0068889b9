export type {
  BackchannelLogoutOptions,
  Connection,
  FetchRequest,
  Found,
  KeycloakOptions,
  SessionSettings,
} from '../adapter/internal.ts';
export type { GuardOptions } from '../core/internal.ts';
export { keycloak } from './keycloak.ts';
export type { FetchKeycloak, FetchKeycloakOptions, GuardedHandler, Incoming } from './types.ts';
