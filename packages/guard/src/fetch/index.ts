export type {
  BackchannelLogoutOptions,
  FetchRequest,
  Found,
  KeycloakOptions,
  SessionSettings,
} from '../adapter/internal.ts';
export type { GuardOptions } from '../core/internal.ts';
export { type FetchKeycloak, keycloak } from './keycloak.ts';
export type { FetchKeycloakOptions, GuardedHandler, Incoming } from './types.ts';
