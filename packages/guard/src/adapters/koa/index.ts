export * from '../engine/index.ts';
export { type KeycloakOptions, type KoaKeycloak, type KoaMiddleware, keycloak } from './keycloak.ts';
