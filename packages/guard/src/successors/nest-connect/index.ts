export {
  KEYCLOAK_CONNECT_OPTIONS,
  KEYCLOAK_COOKIE_DEFAULT,
  KEYCLOAK_INSTANCE,
  KEYCLOAK_LOGGER,
  KEYCLOAK_MULTITENANT_SERVICE,
  META_CONDITIONAL_SCOPES,
  META_ENFORCER_OPTIONS,
  META_PUBLIC,
  META_RESOURCE,
  META_ROLE_MATCHING_MODE,
  META_ROLES,
  META_SCOPES,
  META_SKIP_AUTH,
  META_UNPROTECTED,
  PolicyEnforcementMode,
  RoleMatch,
  RoleMerge,
  TokenValidation,
} from './constants.ts';
export {
  AccessToken,
  AuthenticatedUser,
  type ConditionalScopeFn,
  ConditionalScopes,
  type ConnectDecorator,
  EnforcerOptions,
  type EnforcerOptionsInterface,
  KeycloakUser,
  Public,
  ResolvedScopes,
  Resource,
  type RoleDecoratorOptionsInterface,
  RoleMatchingMode,
  Roles,
  Scopes,
  Unprotected,
} from './decorators.ts';
export { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
export { KeycloakConnectModule, type KeycloakConnectModuleAsyncOptions } from './module.ts';
export { KeycloakMultiTenantService } from './multi-tenant.ts';
export type {
  KeycloakConnectConfig,
  KeycloakConnectOptions,
  KeycloakConnectOptionsFactory,
  MultiTenantOptions,
  NestKeycloakConfig,
} from './options.ts';
export { KeycloakConnectService } from './service.ts';
export type { ConnectToken } from './token.ts';
