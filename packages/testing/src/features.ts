/**
 * Experimental features of Keycloak 26.7, by the names that it has for them (`--features=…`):
 * - `resource-indicators`: a client says with `resource` which API a token is for (RFC 8707)
 * - `cimd`: a client id may be the URL of a document in which the client says what it is; a client policy of the realm has to
 *   take them
 */
export type Feature = 'resource-indicators' | 'cimd';

export const FEATURES: readonly Feature[] = ['resource-indicators', 'cimd'];
