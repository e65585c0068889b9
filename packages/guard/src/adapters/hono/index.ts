export * from '../face/index.ts';
export { type GuardEnv, type HonoKeycloak, keycloak } from './keycloak.ts';
