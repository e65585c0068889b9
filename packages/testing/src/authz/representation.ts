/** Settings of a client's authorization services, as a realm file has them and as Keycloak's console exports them. */
export interface AuthorizationSettings {
  /** Whether the protection API may be used. Default true. */
  allowRemoteResourceManagement?: boolean;
  /** `ENFORCING` (default): what no permission is about, is refused. `PERMISSIVE`: it is granted. `DISABLED`: all is granted. */
  policyEnforcementMode?: string;
  /** `UNANIMOUS` (default) or `AFFIRMATIVE`: what happens where one permission grants and another refuses. */
  decisionStrategy?: string;
  resources?: ResourceRepresentation[];
  scopes?: ScopeRepresentation[];
  /** Policies and permissions. */
  policies?: PolicyRepresentation[];
  [field: string]: unknown;
}

export interface ResourceRepresentation {
  name: string;
  /** Default: one that is the same at every start. */
  _id?: string;
  displayName?: string;
  type?: string;
  uris?: string[];
  icon_uri?: string;
  /** Default: the client. */
  owner?: string | { id?: string; name?: string };
  /** Whether its owner may share it. Default false. */
  ownerManagedAccess?: boolean;
  scopes?: (string | { name: string })[];
  attributes?: Record<string, string[]>;
  [field: string]: unknown;
}

export interface ScopeRepresentation {
  name: string;
  id?: string;
  iconUri?: string;
  displayName?: string;
  [field: string]: unknown;
}

export interface PolicyRepresentation {
  name: string;
  id?: string;
  /** `role`, `group`, `user`, `client`, `client-scope`, `regex`, `time` or `aggregate`; `resource` and `scope` are permissions. */
  type: string;
  /** `POSITIVE` (default) or `NEGATIVE`. */
  logic?: string;
  /** `UNANIMOUS` (default), `AFFIRMATIVE` or `CONSENSUS`. */
  decisionStrategy?: string;
  /** What the type needs. Lists are JSON in a text: `{ "users": "[\"alice\"]" }`. */
  config?: Record<string, string>;
  [field: string]: unknown;
}
