import type { Feature } from './features.ts';
import type { Endpoint } from './http/route.ts';
import type {
  ClientRepresentation,
  RealmRepresentation,
  UserRepresentation,
} from './realm/representation.ts';
import type { StoredKeys } from './tokens/keys.ts';
import type { TokenRequest } from './tokens/mint.ts';

/** An MCP server that the provider knows. */
export interface McpServer {
  /** Its URL, which is the client id and the audience too, for example `http://localhost:3000/mcp`. */
  url: string;
  /** Its scopes, for example `['mcp:tools']`. */
  scopes: readonly string[];
}

/** Options of `startDevIdp`. Without `realmFile` and `realm` it has the realm `testing` of this package. */
export interface DevIdpOptions {
  /**
   * Path or file URL of a realm file, as Keycloak imports and exports it. Default: the realm of this package
   * (`keycloak-guard/testing-realm.json`), unless `realm` is given.
   */
  realmFile?: string | URL;
  /** The realm itself, in the same format. It is copied. */
  realm?: RealmRepresentation;
  /** Default 0: a free port. */
  port?: number;
  /**
   * The provider listens on the loopback interface alone. Default `127.0.0.1`;
   * `localhost` listens on IPv4 and, where there is one, IPv6.
   */
  host?: '127.0.0.1' | '::1' | 'localhost';
  /**
   * The base URL in tokens and documents, as Keycloak's `KC_HOSTNAME`, without a path.
   * Default: what the caller wrote in the `Host` header, as in Keycloak without `KC_HOSTNAME`. A `Host` that is
   * neither a loopback name nor this one is refused.
   */
  publicUrl?: string;
  /**
   * File that keeps keys and sessions over restarts. It holds private keys: only its owner may read it.
   * Default: none, and every start has new keys.
   */
  stateFile?: string;
  /**
   * Keys that another provider gave out (`exportKeys`). Default: new ones, unless the state file has some. To make an
   * RSA key takes longer than most tests, so a suite that starts many providers can do it once.
   */
  keys?: StoredKeys;
  /**
   * Answers whatever the `Host` header says: for a test in which a service calls the provider by another name, as in a
   * container. Default false: web pages could reach the provider by DNS rebinding.
   */
  anyHost?: boolean;
  /**
   * MCP servers that clients may come to with nothing set up: for each a client that is named by its URL, its scopes with
   * an audience mapper, the public client `mcp-client`, and registration for programs of this machine. Default: none, and
   * nobody may register, as in a new realm of Keycloak.
   */
  mcpServers?: readonly McpServer[];
  /**
   * Experimental features to turn on, by the names that Keycloak has for them: `resource-indicators`, `cimd`. Default none,
   * as in Keycloak.
   */
  features?: readonly Feature[];
  /** Starts with `NODE_ENV=production` too, where it otherwise refuses. Default false. */
  allowProduction?: boolean;
}

/**
 * A provider that runs, and the controls a test needs. Everything takes effect at once and lasts until it is undone
 * or the provider is closed.
 */
export interface DevIdp {
  /** Base URL, for `KEYCLOAK_SERVER_URL`: `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** `<url>/realms/<realm>`. */
  readonly issuer: string;
  readonly realm: string;
  readonly port: number;
  /** What the realm file asks for and this provider cannot do, one sentence each. */
  readonly warnings: readonly string[];

  /** Stops for good. */
  close(): Promise<void>;
  /** Refuses connections and cuts open ones, as a Keycloak that is down. */
  goDown(): Promise<void>;
  /** Listens again, on the same port. */
  comeBack(): Promise<void>;
  /** Holds back every answer (of one endpoint). `Infinity`: until `answerNormally`. Unit: milliseconds. */
  answerSlowly(delayMs: number, endpoint?: Endpoint): void;
  /** Answers with an error status, default 500. */
  answerWithError(statusCode?: number, endpoint?: Endpoint): void;
  /** Answers 200 with something that is no JSON. */
  answerGarbage(endpoint?: Endpoint): void;
  /** Ends all of that; answers that were held back are sent. */
  answerNormally(): void;

  /** How often each endpoint was asked, answered or not. Preflights count too. */
  readonly requests: Readonly<Record<Endpoint, number>>;
  resetRequests(): void;

  /** A token, good or bad. @throws {TypeError} if there is no such user or client */
  issueToken(request?: TokenRequest): Promise<string>;
  /** New keys. Tokens of the old ones stay good with `keepOld: true` and are refused with `keepOld: false`. */
  rotateKeys(options: { keepOld: boolean }): Promise<void>;
  /** The keys, private ones too, as plain data: for the option `keys` of another provider. */
  exportKeys(): StoredKeys;
  /** Moves the provider's clock. Unit: seconds; a negative number goes back. */
  advanceClock(seconds: number): void;
  /** Milliseconds since 1970 on the provider's clock. */
  now(): number;

  /** Ids (`sid`) of the user's sessions. */
  sessionsOf(username: string): string[];
  /** Ends a session as an administrator does; back-channel logout calls have been made when it resolves. */
  endSession(sessionId: string): Promise<void>;
  /** Ends all sessions of a user as an administrator does. */
  logoutUser(username: string): Promise<void>;
  disableUser(username: string): void;
  enableUser(username: string): void;
  /** Changes a user, in the words of the realm file. */
  updateUser(username: string, change: Partial<UserRepresentation>): void;
  /** Changes a client, in the words of the realm file. */
  updateClient(clientId: string, change: Partial<ClientRepresentation>): void;
  /** Changes settings of the realm: lifespans, rotation, brute-force protection, `notBefore`. */
  updateRealm(change: Partial<RealmRepresentation>): void;
  /** Forgets failed logins: nobody is locked any more. */
  unlockUsers(): void;
}
