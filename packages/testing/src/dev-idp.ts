import type { Endpoint } from './http/misbehaviour.ts';
import type { Feature } from './realm/realm.ts';
import type {
  ClientRepresentation,
  OrganizationRepresentation,
  RealmRepresentation,
  UserRepresentation,
} from './realm/representation.ts';
import type { StoredKeys } from './tokens/keys.ts';
import type { TokenRequest } from './tokens/mint.ts';

/** A realm of a running provider, with controls for tests. Each takes effect at once and lasts until it is undone. */
export interface DevRealm {
  /** Issuer of tokens: `<url>/realms/<realm>`. */
  readonly issuer: string;
  /** Name of the realm. */
  readonly realm: string;
  /** Settings of the realm file that this provider does not support; of the provider, for all its realms. One sentence each. */
  readonly warnings: readonly string[];

  /**
   * Issues a token without a login, valid or invalid on purpose.
   *
   * @throws {TypeError} (rejects with one) if there is no such user or client
   * @example
   * const expired = await idp.issueToken({ username: 'abdullah', claims: { exp: 1 } });
   * const forged = await idp.issueToken({ username: 'abdullah', key: 'unknown' });
   */
  issueToken(request?: TokenRequest): Promise<string>;
  /**
   * Makes new signing keys. `keepOld: true` leaves the old ones in the JWKS, as Keycloak does until somebody removes them.
   *
   * @param options with `keepOld: true`, tokens of the old keys stay valid; with `keepOld: false` they are refused
   */
  rotateKeys(options: { keepOld: boolean }): Promise<void>;
  /** Ids (`sid`) of a user's sessions. @throws {TypeError} if there is no such user */
  sessionsOf(username: string): string[];
  /**
   * Ends a session as an administrator does. Resolves after the back-channel logout requests.
   *
   * @throws {TypeError} (rejects with one) if there is no such session
   * @example
   * for (const id of idp.sessionsOf('abdullah')) await idp.endSession(id);
   */
  endSession(sessionId: string): Promise<void>;
  /** Ends all sessions of a user as an administrator does. @throws {TypeError} (rejects with one) if there is no such user */
  logoutUser(username: string): Promise<void>;
  /** Disables a user: logins and refreshes fail. @throws {TypeError} if there is no such user */
  disableUser(username: string): void;
  /** Enables a user again. @throws {TypeError} if there is no such user */
  enableUser(username: string): void;
  /**
   * Adds a user, by the names of a realm file: enabled, and with the realm's default roles, unless it says otherwise. To sign in with
   * a password it needs e-mail address, first and last name, as in Keycloak.
   *
   * @throws {TypeError} if the name or the email address is taken, the name is missing, there is no such group, client or role,
   *   or for a member that is none of Keycloak's
   * @example
   * idp.addUser({ username: 'ann', realmRoles: ['admin'] });
   */
  addUser(user: UserRepresentation): void;
  /** Deletes a user, with the sessions. Another user may get the name, with another id. @throws {TypeError} if there is no such user */
  removeUser(username: string): void;
  /**
   * Adds a client, by the names of a realm file.
   *
   * @throws {TypeError} if the client id is taken, or missing
   * @example
   * idp.addClient({ clientId: 'reports', publicClient: true, redirectUris: ['http://localhost:3000/callback'] });
   */
  addClient(client: ClientRepresentation): void;
  /**
   * Adds an organization, by the names of a realm file, and turns organizations on.
   *
   * @throws {TypeError} if the name or the alias is taken, or the name is missing, or for a member that is none of Keycloak's
   * @example
   * idp.addOrganization({ name: 'Acme', alias: 'acme', members: [{ username: 'ann' }] });
   */
  addOrganization(organization: OrganizationRepresentation): void;
  /**
   * Changes members of a user, by their names in the realm file.
   *
   * @throws {TypeError} if there is no such user
   */
  updateUser(username: string, change: Partial<UserRepresentation>): void;
  /**
   * Changes members of a client, by their names in the realm file.
   *
   * @throws {TypeError} if there is no such client
   */
  updateClient(clientId: string, change: Partial<ClientRepresentation>): void;
  /**
   * Changes settings of the realm: lifespans, rotation, brute-force protection, `notBefore`.
   *
   * @throws {TypeError} for one that does not count here, or only where the realm is made
   */
  updateRealm(change: Partial<RealmRepresentation>): void;
  /** Forgets failed logins, so that no user is locked. */
  unlockUsers(): void;
  /**
   * Delays every answer, or the answers of one endpoint.
   *
   * @param delayMs unit: milliseconds; `Infinity` waits for `answerNormally`
   * @param endpoint default: every endpoint
   */
  answerSlowly(delayMs: number, endpoint?: Endpoint): void;
  /**
   * Answers with an error status.
   *
   * @param statusCode default 500
   * @param endpoint default: every endpoint
   */
  answerWithError(statusCode?: number, endpoint?: Endpoint): void;
  /**
   * Answers 200 with a body that is not JSON.
   *
   * @param endpoint default: every endpoint
   */
  answerGarbage(endpoint?: Endpoint): void;
  /** Undoes `answerSlowly`, `answerWithError` and `answerGarbage`. Delayed answers are sent. */
  answerNormally(): void;
}

/** An MCP server for {@link DevIdpOptions.mcpServers}. */
export interface McpServer {
  /** Its URL, also the client id and the audience, for example `http://localhost:3000/mcp`. */
  url: string;
  /** Its scopes, for example `['mcp:tools']`. */
  scopes: readonly string[];
}

/** A realm that is copied under the name that is asked for, or a function that returns the realm. */
export type RealmTemplate = RealmRepresentation | ((name: string) => RealmRepresentation | undefined);

/** Options of {@link startDevIdp}. */
export interface DevIdpOptions {
  /**
   * Path or file URL of a realm file, as Keycloak 22 to 26.7 imports and exports it: a realm, a list of realms, or the folder of
   * `kc.sh export --dir`. `warnings` names what is left out. Cannot be combined with `realm`. Default: the realm `testing` of this
   * package (`@keycloak-guard/testing/testing-realm.json`).
   */
  realmFile?: string | URL;
  /** The realm itself, in the same format, or several. They are copied. Cannot be combined with `realmFile`. */
  realm?: RealmRepresentation | readonly RealmRepresentation[];
  /**
   * Makes realms on demand, one for each name that is asked for: a realm that is copied, or a function that returns one,
   * `undefined` for a name that is to have none. Default none.
   *
   * @example
   * const shop = { realm: 'shop', users: [{ username: 'ann', enabled: true }] };
   * const idp = await startDevIdp({ realmTemplate: (name) => (name.startsWith('shop-') ? shop : undefined) });
   */
  realmTemplate?: RealmTemplate;
  /** Port to listen on. Default 0: a free one. */
  port?: number;
  /** Loopback address to listen on. `localhost` listens on IPv4 and, if the machine has it, IPv6. Default `127.0.0.1`. */
  host?: '127.0.0.1' | '::1' | 'localhost';
  /**
   * The base URL in tokens and documents, without a path, like Keycloak's `KC_HOSTNAME`. A `Host` header with any other name
   * than this one and loopback names is refused. Default: follows the `Host` header, as Keycloak does without `KC_HOSTNAME`.
   */
  publicUrl?: string;
  /**
   * File that keeps keys and sessions of all realms across restarts. It holds private keys, so only its owner may read it. Default: no file,
   * and every start has new keys.
   */
  stateFile?: string;
  /**
   * Keys from another provider's `exportKeys`. Making an RSA key takes longer than most tests, so a suite that starts many
   * providers can make the keys once. They are for the first realm. Default: the keys of the state file, or new ones.
   */
  keys?: StoredKeys;
  /**
   * Accepts any `Host` header, for tests in which a service calls the provider by another name, as in a container. Default
   * false, because web pages could otherwise reach the provider by DNS rebinding.
   */
  anyHost?: boolean;
  /**
   * Sets up MCP servers: for each a client named by its URL and its scopes with an audience mapper; for all of them the public
   * client `mcp-client` and client registration from this machine. Default: none, and nobody may register, as in a new realm
   * of Keycloak.
   */
  mcpServers?: readonly McpServer[];
  /** Experimental features to turn on, by Keycloak's names: `resource-indicators`, `cimd`. Default none, as in Keycloak. */
  features?: readonly Feature[];
  /**
   * Whether the sign-in page lists users to click on, who need no password then: those whose password stands in the realm file
   * for everybody to read, never one with a hash. Default true.
   */
  listUsers?: boolean;
  /**
   * Lets other processes of this machine call the controls, with {@link connectDevIdp}, if they have this token: 16 characters or
   * more, at random. Refused in production. Default: none may.
   */
  controlToken?: string;
  /** Starts with `NODE_ENV=production`, too. Default false: refuses to. */
  allowProduction?: boolean;
}

/**
 * A running provider, with controls for tests: those of its first realm, and those of the whole. `answerSlowly`,
 * `answerWithError` and `answerGarbage` are for all realms here, and for one in {@link DevIdp.inRealm}.
 */
export interface DevIdp extends DevRealm {
  /** Base URL without a slash at the end, for example for `KEYCLOAK_SERVER_URL`: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Port that it listens on. */
  readonly port: number;
  /** Stops the provider for good, and writes the state file if there is one. */
  close(): Promise<void>;
  /** Refuses connections and cuts open ones, like a Keycloak that is down. */
  goDown(): Promise<void>;
  /** Listens again, on the same port. @throws {Error} rejects with the error of `listen`, if the port is taken meanwhile */
  comeBack(): Promise<void>;
  /** Number of requests to each endpoint, answered or not, preflights included. Updated in place. */
  readonly requests: Readonly<Record<Endpoint, number>>;
  /** Sets `requests` to 0. */
  resetRequests(): void;

  /** The keys as plain data, private ones too, for the option `keys` of another provider. */
  exportKeys(): StoredKeys;
  /**
   * Moves the provider's clock.
   *
   * @param seconds a negative number moves it back
   */
  advanceClock(seconds: number): void;
  /** The provider's time. Unit: milliseconds since 1970. */
  now(): number;

  /**
   * The controls of another realm, which is made if there is a template.
   *
   * @throws {TypeError} if there is no such realm
   */
  inRealm(name: string): DevRealm;
  /** Adds a realm, in the format of a realm file. @throws {TypeError} if the name is taken, or it is not a realm */
  addRealm(realm: RealmRepresentation): DevRealm;
  /** Removes a realm with everything in it. A template can make it again. */
  removeRealm(name: string): void;
}
