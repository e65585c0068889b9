export type * from '../face/index.ts';
export {
  type ExpressKeycloak,
  type ExpressMiddleware,
  type ExpressRequest,
  keycloak,
} from './keycloak.ts';
