export type * from '../face/index.ts';
export { type HapiCredentials, type HapiKeycloak, keycloak } from './keycloak.ts';
