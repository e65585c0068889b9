export * from '../face/index.ts';
export { type DocumentOfGuards, documentGuards } from './documentation.ts';
export { type GuardEnv, type HonoKeycloak, keycloak } from './keycloak.ts';
