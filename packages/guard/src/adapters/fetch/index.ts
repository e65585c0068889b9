export type { FetchRequest, Found } from '../engine/internal.ts';
export * from '../face/index.ts';
export { keycloak } from './keycloak.ts';
export * from './types.ts';
