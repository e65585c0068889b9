export type { FetchRequest, Found } from '../engine/internal.ts';
export * from '../face/index.ts';
export { keycloak } from './keycloak.ts';
export type {
  FetchKeycloak,
  FetchKeycloakOptions,
  FetchPermitOptions,
  GuardedHandler,
  Incoming,
  OfRequest,
} from './types.ts';
