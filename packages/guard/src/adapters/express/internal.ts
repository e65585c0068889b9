// What the rooms of this package share, and nobody else gets.
export { publicOriginOf } from './keycloak.ts';
