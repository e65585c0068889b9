export type * from '../face/index.ts';
export { type KoaKeycloak, type KoaMiddleware, keycloak } from './keycloak.ts';
export type { KoaContext } from './refusal.ts';
