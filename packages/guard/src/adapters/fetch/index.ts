export type { GuardOptions } from '../../core/internal.ts';
export type {
  BackchannelLogoutOptions,
  Connection,
  FetchRequest,
  Found,
  KeycloakOptions,
  PermissionSettings,
  Permissions,
  PermitRule,
  SessionSettings,
} from '../engine/internal.ts';
export { keycloak } from './keycloak.ts';
export type {
  FetchKeycloak,
  FetchKeycloakOptions,
  FetchPermitOptions,
  GuardedHandler,
  Incoming,
  OfRequest,
} from './types.ts';
