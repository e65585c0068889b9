import type { AuthorizationSettings } from '../authz/representation.ts';

/**
 * The part of Keycloak's `RealmRepresentation` that this provider reads. Any realm file that Keycloak imports or
 * exports fits: fields not listed here are ignored.
 */
export interface RealmRepresentation {
  realm: string;
  displayName?: string;
  enabled?: boolean;
  /** `external` (default), `all` or `none`. The provider listens on loopback, so only `all` refuses plain HTTP. */
  sslRequired?: string;
  /** Tokens issued before are not accepted. Unit: seconds since 1970. */
  notBefore?: number;
  /** Seconds; default 300. -1: as long as the session may last. */
  accessTokenLifespan?: number;
  /** Seconds; default 1800. */
  ssoSessionIdleTimeout?: number;
  /** Seconds; default 36000. */
  ssoSessionMaxLifespan?: number;
  /** The login page offers to remember the person; default false. */
  rememberMe?: boolean;
  /** The same for who is remembered, where it is longer. Seconds; default 0: no difference. */
  ssoSessionIdleTimeoutRememberMe?: number;
  ssoSessionMaxLifespanRememberMe?: number;
  /** What one client may have of a session; its attributes can say otherwise. Seconds; default 0: all of it. */
  clientSessionIdleTimeout?: number;
  clientSessionMaxLifespan?: number;
  /** Seconds; default 2592000. */
  offlineSessionIdleTimeout?: number;
  /** An offline session ends after `offlineSessionMaxLifespan` seconds, used or not; default false. */
  offlineSessionMaxLifespanEnabled?: boolean;
  /** Seconds; default 5184000. */
  offlineSessionMaxLifespan?: number;
  clientOfflineSessionIdleTimeout?: number;
  clientOfflineSessionMaxLifespan?: number;
  /** Lifetime of an authorization code in seconds; default 60. */
  accessCodeLifespan?: number;
  /** Lifetime of a login page in seconds; default 1800. */
  accessCodeLifespanLogin?: number;
  /** Lifetime of a device code in seconds; default 600. */
  oauth2DeviceCodeLifespan?: number;
  /** How long a device waits between two questions. Seconds; default 5. */
  oauth2DevicePollingInterval?: number;
  /** A refresh token is good once (and `refreshTokenMaxReuse` times more); default false. */
  revokeRefreshToken?: boolean;
  refreshTokenMaxReuse?: number;
  /** `RS256` (default) or `ES256`. */
  defaultSignatureAlgorithm?: string;
  loginWithEmailAllowed?: boolean;
  bruteForceProtected?: boolean;
  permanentLockout?: boolean;
  bruteForceStrategy?: string;
  failureFactor?: number;
  waitIncrementSeconds?: number;
  maxFailureWaitSeconds?: number;
  maxDeltaTimeSeconds?: number;
  quickLoginCheckMilliSeconds?: number;
  minimumQuickLoginWaitSeconds?: number;
  defaultRole?: RoleRepresentation;
  roles?: { realm?: RoleRepresentation[]; client?: Record<string, RoleRepresentation[]> };
  groups?: GroupRepresentation[];
  clients?: ClientRepresentation[];
  clientScopes?: ClientScopeRepresentation[];
  /** Realm roles that a client without full scope may see; said in `warnings` where it matters, and not followed. */
  scopeMappings?: { client?: string; clientScope?: string; roles?: string[] }[];
  /** The same for roles of clients, by client. */
  clientScopeMappings?: Record<string, { client?: string; clientScope?: string; roles?: string[] }[]>;
  defaultDefaultClientScopes?: string[];
  defaultOptionalClientScopes?: string[];
  users?: UserRepresentation[];
  [field: string]: unknown;
}

export interface RoleRepresentation {
  name: string;
  composite?: boolean;
  composites?: { realm?: string[]; client?: Record<string, string[]> };
  [field: string]: unknown;
}

export interface GroupRepresentation {
  name: string;
  realmRoles?: string[];
  clientRoles?: Record<string, string[]>;
  attributes?: Record<string, string[]>;
  subGroups?: GroupRepresentation[];
  [field: string]: unknown;
}

export interface ClientRepresentation {
  clientId: string;
  id?: string;
  name?: string;
  protocol?: string;
  enabled?: boolean;
  clientAuthenticatorType?: string;
  secret?: string;
  publicClient?: boolean;
  bearerOnly?: boolean;
  standardFlowEnabled?: boolean;
  implicitFlowEnabled?: boolean;
  directAccessGrantsEnabled?: boolean;
  serviceAccountsEnabled?: boolean;
  authorizationServicesEnabled?: boolean;
  /** Resources, scopes, policies and permissions, as Keycloak's console exports them. */
  authorizationSettings?: AuthorizationSettings;
  consentRequired?: boolean;
  fullScopeAllowed?: boolean;
  notBefore?: number;
  rootUrl?: string;
  baseUrl?: string;
  redirectUris?: string[];
  webOrigins?: string[];
  attributes?: Record<string, string>;
  protocolMappers?: ProtocolMapperRepresentation[];
  defaultClientScopes?: string[];
  optionalClientScopes?: string[];
  [field: string]: unknown;
}

export interface ClientScopeRepresentation {
  name: string;
  protocol?: string;
  attributes?: Record<string, string>;
  protocolMappers?: ProtocolMapperRepresentation[];
  [field: string]: unknown;
}

export interface ProtocolMapperRepresentation {
  name: string;
  protocolMapper: string;
  config?: Record<string, string>;
  [field: string]: unknown;
}

export interface CredentialRepresentation {
  type?: string;
  /** The password itself, as a hand-written realm file has it. */
  value?: string;
  temporary?: boolean;
  /** JSON with salt and hash, as an exported realm file has it. */
  secretData?: string;
  /** JSON with algorithm and iterations, as an exported realm file has it. */
  credentialData?: string;
  [field: string]: unknown;
}

export interface UserRepresentation {
  username: string;
  id?: string;
  enabled?: boolean;
  email?: string;
  emailVerified?: boolean;
  firstName?: string;
  lastName?: string;
  attributes?: Record<string, string[]>;
  credentials?: CredentialRepresentation[];
  requiredActions?: string[];
  realmRoles?: string[];
  clientRoles?: Record<string, string[]>;
  groups?: string[];
  serviceAccountClientId?: string;
  /** Tokens of this user issued before are not accepted. Unit: seconds since 1970. */
  notBefore?: number;
  [field: string]: unknown;
}
