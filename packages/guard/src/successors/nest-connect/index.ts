export * from './constants.ts';
export * from './decorators.ts';
export { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
export { KeycloakConnectModule, type KeycloakConnectModuleAsyncOptions } from './module.ts';
export { KeycloakMultiTenantService } from './multi-tenant.ts';
export * from './options.ts';
export type { ConnectToken } from './roles.ts';
export { KeycloakConnectService } from './service.ts';
