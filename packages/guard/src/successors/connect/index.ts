export type { Callback } from './callback.ts';
export { Config } from './config.ts';
export type { EnforcerOptions } from './enforcer.ts';
export type { MethodConfig, PathConfig, PolicyEnforcerConfig } from './enforcer-config.ts';
export { Grant, type GrantProperties } from './grant.ts';
export { type GrantData, GrantManager } from './grant-manager.ts';
export { Keycloak, Keycloak as default } from './keycloak.ts';
export type { KeycloakConfig } from './keycloak-config.ts';
export type { MiddlewareOptions } from './middleware.ts';
export type { KeycloakOptions } from './options.ts';
export { createPathEnforcer, type PathEnforcerOptions } from './path-enforcer.ts';
export type { ClaimPoints, PathRequest } from './path-request.ts';
export type { AuthZRequest } from './permissions.ts';
export type { GaurdFn, GuardFn } from './protect.ts';
export type {
  ConnectHandler,
  ConnectRequest,
  ConnectResponse,
  Kauth,
  KauthRequest,
  Next,
} from './request.ts';
export type { GrantStore } from './stores.ts';
export { Token, type TokenContent, type TokenPermission } from './token.ts';
