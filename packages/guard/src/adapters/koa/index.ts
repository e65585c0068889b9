export * from '../engine/index.ts';
export type { KoaContext, KoaMiddleware } from './keycloak.ts';
export { type KeycloakOptions, type KoaKeycloak, keycloak } from './keycloak.ts';
