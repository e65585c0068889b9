/**
 * Experimental features of Keycloak 26.7, by the names in its option `--features`:
 * - `resource-indicators`: a client names with `resource` the API that a token is for (RFC 8707)
 * - `cimd`: a client id may be the URL of a document that describes the client, if a client policy of the realm accepts it
 */
export type Feature = 'resource-indicators' | 'cimd';

export const FEATURES: readonly Feature[] = ['resource-indicators', 'cimd'];
