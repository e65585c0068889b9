export { type AuthzFile, toAuthorizationSettings } from './authz/read-settings.ts';
export { type ServiceAccountToken, startTestCluster, type TestCluster } from './cluster/start-cluster.ts';
export { connectDevIdp, type RemoteIdp, type RemoteRealm } from './controls/remote-control.ts';
export type { DevIdp, DevIdpOptions, DevRealm, McpServer, RealmTemplate } from './dev-idp.ts';
export type { Endpoint } from './http/misbehaviour.ts';
export type { AuthorizationSettings } from './realm/authorization-settings.ts';
export { loadRealmFile } from './realm/load-realm-file.ts';
export type { Feature } from './realm/realm.ts';
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
export { type SignedIn, signIn } from './sign-in.ts';
export { startDevIdp } from './start-dev-idp.ts';
export type { SigningAlgorithm, StoredKeys } from './tokens/keys.ts';
export type { TokenKey, TokenRequest } from './tokens/mint.ts';
