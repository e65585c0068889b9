export type {
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
  SessionSettings,
} from '../adapter/internal.ts';
export type { GuardOptions } from '../core/internal.ts';
export { type GuardEnv, type HonoKeycloak, keycloak } from './keycloak.ts';
