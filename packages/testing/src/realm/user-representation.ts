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
