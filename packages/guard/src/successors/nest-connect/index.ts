export * from './constants.ts';
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
