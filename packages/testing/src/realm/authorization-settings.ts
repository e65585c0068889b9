/** Settings of a client's authorization services, as in a realm file and in the console's export. */
export interface AuthorizationSettings {
  /** Whether the protection API may be used. Default true. */
  allowRemoteResourceManagement?: boolean;
  /** `ENFORCING` refuses a resource without a permission, `PERMISSIVE` grants it, `DISABLED` grants everything. Default `ENFORCING`. */
  policyEnforcementMode?: string;
  /** Whether all permissions must grant (`UNANIMOUS`) or one of them (`AFFIRMATIVE`). Default `UNANIMOUS`. */
  decisionStrategy?: string;
  /** The protected resources. */
  resources?: ResourceRepresentation[];
  /** Everything that can be done with a resource. */
  scopes?: ScopeRepresentation[];
  /** Policies and permissions. */
  policies?: PolicyRepresentation[];
  [field: string]: unknown;
}

export interface ResourceRepresentation {
  name: string;
  /** UUID. Default: one that is the same at every start. */
  _id?: string;
  displayName?: string;
  type?: string;
  uris?: string[];
  icon_uri?: string;
  /** Owner, by name or id. Default: the client. */
  owner?: string | { id?: string; name?: string };
  /** Whether the owner may share it. Default false. */
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
  /** Settings of the type. Lists are JSON in a text: `{ "users": "[\"alice\"]" }`. */
  config?: Record<string, string>;
  [field: string]: unknown;
}
