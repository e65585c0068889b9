export type { Token as ConnectToken } from '../express/token.ts';
export * from './constants.ts';
export * from './decorators.ts';
export { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
export { KeycloakConnectModule, type KeycloakConnectModuleAsyncOptions } from './module.ts';
export type {
  KeycloakConnectConfig,
  KeycloakConnectOptions,
  KeycloakConnectOptionsFactory,
  MultiTenantOptions,
  NestKeycloakConfig,
} from './options.ts';
export { KeycloakConnectService } from './service.ts';
export { KeycloakMultiTenantService } from './tenants.ts';
