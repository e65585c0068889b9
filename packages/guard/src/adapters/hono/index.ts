export type { GuardOptions } from '../../core/internal.ts';
export type {
  BackchannelLogoutOptions,
  Connection,
  KeycloakOptions,
  PathEnforcerOptions,
  PermissionSettings,
  Permissions,
  PermitOptions,
  PermitRule,
  ProtectedResourceOptions,
  RuleOfRequest,
  SessionSettings,
} from '../engine/internal.ts';
export type { McpAuthInfo, McpOptions } from '../mcp/index.ts';
export { type GuardEnv, type HonoKeycloak, keycloak } from './keycloak.ts';
