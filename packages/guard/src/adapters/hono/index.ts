export * from '../engine/index.ts';
export { type DocumentOfGuards, documentGuards } from './documentation.ts';
export { type GuardEnv, type HonoKeycloak, type KeycloakOptions, keycloak } from './keycloak.ts';
