export * from '../engine/index.ts';
export type { FetchRequest, GuardPrincipal } from '../engine/internal.ts';
export { keycloak } from './keycloak.ts';
export * from './types.ts';
