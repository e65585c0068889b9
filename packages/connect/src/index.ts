export type { MethodConfig, PathConfig, PolicyEnforcerConfig } from './enforcer/config.ts';
export type { KeycloakConfig } from './express/config.ts';
export { Config } from './express/config.ts';
export type { KeycloakOptions } from './express/engine.ts';
export type { Callback } from './express/grant.ts';
export { Grant, type GrantProperties } from './express/grant.ts';
export { type GrantData, GrantManager } from './express/grant-manager.ts';
export type { EnforcerOptions, GaurdFn, GuardFn } from './express/guards.ts';
export { Keycloak, Keycloak as default } from './express/keycloak.ts';
export type { MiddlewareOptions } from './express/middleware.ts';
export type { AuthZRequest } from './express/permissions.ts';
export type {
  ConnectHandler,
  ConnectRequest,
  ConnectResponse,
  Kauth,
  KauthRequest,
  Next,
} from './express/request.ts';
export type { GrantStore } from './express/stores.ts';
export { Token, type TokenContent, type TokenPermission } from './express/token.ts';
