export * from '../engine/index.ts';
export { type DocumentOfGuards, documentGuards } from './documentation.ts';
export { type GuardEnv, type HonoKeycloak, keycloak } from './keycloak.ts';
