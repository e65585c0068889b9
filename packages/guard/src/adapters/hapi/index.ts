export * from '../engine/index.ts';
export { type HapiKeycloak, type KeycloakOptions, keycloak } from './keycloak.ts';
