export type * from '../face/index.ts';
export { type HapiKeycloak, type HapiOptions, keycloak } from './keycloak.ts';
