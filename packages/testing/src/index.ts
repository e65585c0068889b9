export { type AuthzFile, toAuthorizationSettings } from './authz/authz-file.ts';
export { type ServiceAccountToken, startTestCluster, type TestCluster } from './cluster/start-cluster.ts';
export type { DevIdp, DevIdpOptions, McpServer, RealmTemplate } from './dev-idp.ts';
export type { DevRealm } from './dev-realm.ts';
export type { Feature } from './features.ts';
export type { Endpoint } from './http/endpoints.ts';
export type { AuthorizationSettings } from './realm/authorization-settings.ts';
export { loadRealmFile } from './realm/load-realm-file.ts';
export type {
  ClientRepresentation,
  ClientScopeRepresentation,
  CredentialRepresentation,
  GroupRepresentation,
  IdentityProviderRepresentation,
  OrganizationRepresentation,
  ProtocolMapperRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from './realm/representation.ts';
export { startDevIdp } from './start-dev-idp.ts';
export type { SigningAlgorithm, StoredKeys } from './tokens/stored-keys.ts';
export type { TokenKey, TokenRequest } from './tokens/token-request.ts';
