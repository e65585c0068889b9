export * from '../engine/index.ts';
export { type GuardEnv, type HonoKeycloak, type KeycloakOptions, keycloak } from './keycloak.ts';
