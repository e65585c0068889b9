export * from '../engine/index.ts';
export {
  type ExpressKeycloak,
  type ExpressMiddleware,
  type ExpressRequest,
  type KeycloakOptions,
  keycloak,
} from './keycloak.ts';
