// For other rooms of this package.
export { publicOriginOf } from './keycloak.ts';
