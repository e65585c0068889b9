import type { AuthorizationSettings } from './authorization-settings.ts';

/** A password, as in a realm file. */
export interface CredentialRepresentation {
  /** `password`. Other types are ignored. */
  type?: string;
  /** The password itself, as in a hand-written realm file. */
  value?: string;
  /** Whether the user must change it at the next login. As in Keycloak, a realm file needs `requiredActions` for that. */
  temporary?: boolean;
  /** JSON with salt and hash, as in an exported realm file. */
  secretData?: string;
  /** JSON with algorithm and iterations, as in an exported realm file. */
  credentialData?: string;
  [field: string]: unknown;
}

/**
 * A user, as in a realm file.
 *
 * @see Keycloak, Admin REST API: `UserRepresentation`
 */
export interface UserRepresentation {
  /** Name to log in with. Keycloak stores it in small letters. */
  username: string;
  /** UUID, `sub` in tokens. Default: one that is the same at every start. */
  id?: string;
  /** Whether the user may log in. Default false, as in Keycloak. */
  enabled?: boolean;
  /** E-mail address. Without it, the account is not fully set up. */
  email?: string;
  /** Default false. */
  emailVerified?: boolean;
  /** First name. Without it, the account is not fully set up. */
  firstName?: string;
  /** Last name. Without it, the account is not fully set up. */
  lastName?: string;
  /** Attributes, each with a list of values. */
  attributes?: Record<string, string[]>;
  /** Passwords. */
  credentials?: CredentialRepresentation[];
  /** Actions before the login is complete. Only `UPDATE_PASSWORD` can be carried out here. */
  requiredActions?: string[];
  /** Names of realm roles. */
  realmRoles?: string[];
  /** Names of client roles by client id. */
  clientRoles?: Record<string, string[]>;
  /** Paths of groups, for example `/staff`. */
  groups?: string[];
  /** Client id, if this is the service account of a client. */
  serviceAccountClientId?: string;
  /** The user's tokens issued before this are refused. Unit: seconds since 1970. Default 0. */
  notBefore?: number;
  [field: string]: unknown;
}

/**
 * The part of Keycloak's `RealmRepresentation` that this provider reads. It accepts every realm file that Keycloak imports
 * or exports, and ignores the fields that are not listed here. Lifespans are in seconds.
 *
 * @see Keycloak, Admin REST API: `RealmRepresentation`
 */
export interface RealmRepresentation {
  /** Name of the realm, as in its URLs. */
  realm: string;
  /** Name on pages. Default: the name. */
  displayName?: string;
  /** False refuses tokens and logins. Default true. */
  enabled?: boolean;
  /** `external` (default), `all` or `none`. The provider listens on loopback, so only `all` refuses plain HTTP. */
  sslRequired?: string;
  /** Tokens issued before this are refused. Unit: seconds since 1970. Default: none are. */
  notBefore?: number;
  /** Lifetime of an access token. -1: as long as the session may last. Unit: seconds. Default 300. */
  accessTokenLifespan?: number;
  /** A session ends when unused for so long. Unit: seconds. Default 1,800. */
  ssoSessionIdleTimeout?: number;
  /** Longest life of a session. Unit: seconds. Default 36,000. */
  ssoSessionMaxLifespan?: number;
  /** Whether the login page offers to remember the person. Default false. */
  rememberMe?: boolean;
  /** `ssoSessionIdleTimeout` of a remembered person, if that is longer. Unit: seconds. Default 0: no difference. */
  ssoSessionIdleTimeoutRememberMe?: number;
  /** `ssoSessionMaxLifespan` of a remembered person, if that is longer. Unit: seconds. Default 0: no difference. */
  ssoSessionMaxLifespanRememberMe?: number;
  /** Idle time of one client within a session; the client's attributes override it. Unit: seconds. Default 0: the session's. */
  clientSessionIdleTimeout?: number;
  /** Longest life of one client's part of a session; the client's attributes override it. Unit: seconds. Default 0: the session's. */
  clientSessionMaxLifespan?: number;
  /** An offline session ends when unused for so long. Unit: seconds. Default 2,592,000. */
  offlineSessionIdleTimeout?: number;
  /** Whether `offlineSessionMaxLifespan` applies. Default false. */
  offlineSessionMaxLifespanEnabled?: boolean;
  /** Longest life of an offline session. Unit: seconds. Default 5,184,000. */
  offlineSessionMaxLifespan?: number;
  /** Idle time of one client within an offline session. Unit: seconds. Default 0: the session's. */
  clientOfflineSessionIdleTimeout?: number;
  /** Longest life of one client's part of an offline session. Unit: seconds. Default 0: the session's. */
  clientOfflineSessionMaxLifespan?: number;
  /** Lifetime of an authorization code. Unit: seconds. Default 60. */
  accessCodeLifespan?: number;
  /** Lifetime of a login page. Unit: seconds. Default 1,800. */
  accessCodeLifespanLogin?: number;
  /** Lifetime of a device code. Unit: seconds. Default 600. */
  oauth2DeviceCodeLifespan?: number;
  /** Shortest time between two requests of a device. Unit: seconds. Default 5. */
  oauth2DevicePollingInterval?: number;
  /** Limits how often a refresh token can be used, see `refreshTokenMaxReuse`. Default false. */
  revokeRefreshToken?: boolean;
  /** How often a refresh token can be used again, with `revokeRefreshToken`. Default 0. */
  refreshTokenMaxReuse?: number;
  /** Signs tokens: `RS256` or `ES256`. Default `RS256`. */
  defaultSignatureAlgorithm?: string;
  /** Whether an e-mail address works as a username. Default true. */
  loginWithEmailAllowed?: boolean;
  /** Locks a user after failed logins. Default false. The next settings say when. */
  bruteForceProtected?: boolean;
  /** Disables the user after `failureFactor` failures. Default false: locks for a time. */
  permanentLockout?: boolean;
  /** How the wait grows: `MULTIPLE` or `LINEAR`. Default `MULTIPLE`. */
  bruteForceStrategy?: string;
  /** Failures before a user is locked. Default 30. */
  failureFactor?: number;
  /** Added to the wait each time. Unit: seconds. Default 60. */
  waitIncrementSeconds?: number;
  /** Longest wait. Unit: seconds. Default 900. */
  maxFailureWaitSeconds?: number;
  /** Failures are forgotten after this. Unit: seconds. Default 43,200. */
  maxDeltaTimeSeconds?: number;
  /** Two failures within this time lock at once. Unit: milliseconds. Default 1,000. */
  quickLoginCheckMilliSeconds?: number;
  /** Wait after two quick failures. Unit: seconds. Default 60. */
  minimumQuickLoginWaitSeconds?: number;
  /** Not read: the default role is `default-roles-<realm>`. */
  defaultRole?: RoleRepresentation;
  /** Realm roles, and client roles by client id. */
  roles?: { realm?: RoleRepresentation[]; client?: Record<string, RoleRepresentation[]> };
  /** Groups at the top level. */
  groups?: GroupRepresentation[];
  /** Clients, beside those that every realm has. */
  clients?: ClientRepresentation[];
  /** Client scopes, beside those that every realm has. */
  clientScopes?: ClientScopeRepresentation[];
  /** Realm roles for clients without full scope. Not supported: `warnings` says so where it matters. */
  scopeMappings?: { client?: string; clientScope?: string; roles?: string[] }[];
  /** Client roles for clients without full scope. Not supported either. */
  clientScopeMappings?: Record<string, { client?: string; clientScope?: string; roles?: string[] }[]>;
  /** Client scopes that a new client has by default. */
  defaultDefaultClientScopes?: string[];
  /** Client scopes that a new client may ask for. */
  defaultOptionalClientScopes?: string[];
  /** Identity providers. Only their tokens as client assertions are accepted (`federated-jwt`): nobody signs in with them. */
  identityProviders?: IdentityProviderRepresentation[];
  /** Whether the realm has organizations. The login page then asks for the name first. Default false. */
  organizationsEnabled?: boolean;
  /** Organizations, with their members. */
  organizations?: OrganizationRepresentation[];
  /** Whether the realm keeps what administrators do, and with `adminEventsDetailsEnabled` the changes. Default false. */
  adminEventsEnabled?: boolean;
  adminEventsDetailsEnabled?: boolean;
  /** Whether the realm keeps what people do: `LOGIN`, `LOGOUT` and `REVOKE_GRANT`. Default false. */
  eventsEnabled?: boolean;
  /** Those that are meant. Default: all. */
  enabledEventTypes?: string[];
  /** How long. Unit: seconds. Default 0: for ever. */
  eventsExpiration?: number;
  /** Attributes by their names in Keycloak, for example `adminEventsExpiration` (seconds). */
  attributes?: Record<string, string>;
  /** Users, with their passwords. */
  users?: UserRepresentation[];
  [field: string]: unknown;
}

/** An identity provider, as in a realm file. */
export interface IdentityProviderRepresentation {
  /** Name of the identity provider, for `jwt.credential.issuer` of a client. */
  alias: string;
  /** `kubernetes`, or `oidc` with `supportsClientAssertions`. */
  providerId?: string;
  /** Default true. */
  enabled?: boolean;
  /**
   * Settings of the kind: `issuer`; for `oidc` also `jwksUrl`, `supportsClientAssertions`, `supportsClientAssertionReuse` and
   * `allowedClockSkew` (seconds).
   */
  config?: Record<string, string>;
  [field: string]: unknown;
}

/** An organization, as in a realm file. */
export interface OrganizationRepresentation {
  /** Name on pages. */
  name: string;
  /** Name in scopes and tokens. Default: the name. */
  alias?: string;
  /** UUID. Default: one that is the same at every start. */
  id?: string;
  /** Default true. */
  enabled?: boolean;
  /** Domains of e-mail addresses. */
  domains?: { name: string; verified?: boolean }[];
  /** Attributes, each with a list of values. */
  attributes?: Record<string, string[]>;
  /** Groups of the organization, apart from those of the realm (Keycloak 26.6). */
  groups?: GroupRepresentation[];
  /** Members, by username, with their groups in the organization: by path, or by id, as Keycloak writes them. */
  members?: { username: string; groups?: string[]; [field: string]: unknown }[];
  [field: string]: unknown;
}

/** A role, as in a realm file. */
export interface RoleRepresentation {
  /** Name of the role. */
  name: string;
  /** Ignored: `composites` decides. */
  composite?: boolean;
  /** Roles that this one includes: realm roles, and client roles by client id. */
  composites?: { realm?: string[]; client?: Record<string, string[]> };
  [field: string]: unknown;
}

/** A group, as in a realm file. Members have its roles, and those of the groups above it. */
export interface GroupRepresentation {
  /** Name of the group, the last part of its path. */
  name: string;
  /** Names of realm roles. */
  realmRoles?: string[];
  /** Names of client roles by client id. */
  clientRoles?: Record<string, string[]>;
  /** Attributes, each with a list of values. */
  attributes?: Record<string, string[]>;
  /** Groups below this one. */
  subGroups?: GroupRepresentation[];
  [field: string]: unknown;
}

/**
 * A client, as in a realm file.
 *
 * @see Keycloak, Admin REST API: `ClientRepresentation`
 */
export interface ClientRepresentation {
  /** Client id, `client_id` on the wire. */
  clientId: string;
  /** UUID. Default: one that is the same at every start. */
  id?: string;
  /** Name on pages. */
  name?: string;
  /** Only `openid-connect` works. Default `openid-connect`. */
  protocol?: string;
  /** Default true. */
  enabled?: boolean;
  /**
   * How the client authenticates: `client-secret`, `client-secret-jwt`, `client-jwt` (keys in the attributes `jwks.string`,
   * `jwks.url` or `jwt.credential.certificate`) or `federated-jwt`. Default `client-secret`.
   */
  clientAuthenticatorType?: string;
  /** Secret of a confidential client. */
  secret?: string;
  /** A client without a secret. Default false. */
  publicClient?: boolean;
  /** A client that only checks tokens. Default false. */
  bearerOnly?: boolean;
  /** Login with the browser (authorization code). Default true. */
  standardFlowEnabled?: boolean;
  /** Implicit flow. Default false. */
  implicitFlowEnabled?: boolean;
  /** Login with a password at the token endpoint. Default false. */
  directAccessGrantsEnabled?: boolean;
  /** Tokens for the client itself (client credentials). Default false. */
  serviceAccountsEnabled?: boolean;
  /** Keycloak's authorization services. Needs a service account. Default false. */
  authorizationServicesEnabled?: boolean;
  /** Resources, scopes, policies and permissions, as Keycloak's console exports them. */
  authorizationSettings?: AuthorizationSettings;
  /** Asks people before the client gets tokens. Default false. */
  consentRequired?: boolean;
  /** Tokens carry all roles of the user. False: only the client's own. Default true. */
  fullScopeAllowed?: boolean;
  /** The client's tokens issued before this are refused. Unit: seconds since 1970. Default 0. */
  notBefore?: number;
  /** Base of relative redirect URIs. */
  rootUrl?: string;
  /** Home page of the client. */
  baseUrl?: string;
  /** Where a login may lead back to. `*` at the end stands for anything. Default none. */
  redirectUris?: string[];
  /** Origins whose pages may call the endpoints; `+` stands for those of `redirectUris`. Default none. */
  webOrigins?: string[];
  /** Attributes by their names in Keycloak, for example `access.token.lifespan`. */
  attributes?: Record<string, string>;
  /** Mappers of the client itself. */
  protocolMappers?: ProtocolMapperRepresentation[];
  /** Scopes that every token gets. Default: the realm's. */
  defaultClientScopes?: string[];
  /** Scopes that the client may ask for. Default: the realm's. */
  optionalClientScopes?: string[];
  [field: string]: unknown;
}

/** A client scope, as in a realm file. */
export interface ClientScopeRepresentation {
  /** Name, as in `scope`. */
  name: string;
  /** `openid-connect`. */
  protocol?: string;
  /** Attributes, for example `include.in.token.scope`. */
  attributes?: Record<string, string>;
  /** Mappers that apply with the scope. */
  protocolMappers?: ProtocolMapperRepresentation[];
  [field: string]: unknown;
}

/** A mapper, which adds claims to tokens, as in a realm file. */
export interface ProtocolMapperRepresentation {
  /** Name of the mapper. */
  name: string;
  /** Kind of the mapper, for example `oidc-usermodel-attribute-mapper`. `warnings` names unknown kinds. */
  protocolMapper: string;
  /** Settings of the kind. */
  config?: Record<string, string>;
  [field: string]: unknown;
}
