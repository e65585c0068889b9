import type { Endpoint } from './http/endpoints.ts';
import type {
  ClientRepresentation,
  RealmRepresentation,
  UserRepresentation,
} from './realm/representation.ts';
import type { TokenRequest } from './tokens/token-request.ts';

/** A realm of a running provider, with controls for tests. Each takes effect at once and lasts until it is undone. */
export interface DevRealm {
  /** Issuer of tokens: `<url>/realms/<realm>`. */
  readonly issuer: string;
  /** Name of the realm. */
  readonly realm: string;
  /** What the realm file asks for, but this provider does not support; of the provider, for all its realms. One sentence each. */
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
   * @example
   * await idp.rotateKeys({ keepOld: false });
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
   * Changes members of a user, by their names in the realm file.
   *
   * @throws {TypeError} if there is no such user
   * @example
   * idp.updateUser('abdullah', { realmRoles: ['admin'] });
   */
  updateUser(username: string, change: Partial<UserRepresentation>): void;
  /**
   * Changes members of a client, by their names in the realm file.
   *
   * @throws {TypeError} if there is no such client
   * @example
   * idp.updateClient('fastapi-keycloak', { directAccessGrantsEnabled: false });
   */
  updateClient(clientId: string, change: Partial<ClientRepresentation>): void;
  /**
   * Changes settings of the realm: lifespans, rotation, brute-force protection, `notBefore`.
   *
   * @example
   * idp.updateRealm({ accessTokenLifespan: 60 });
   */
  updateRealm(change: Partial<RealmRepresentation>): void;
  /** Forgets failed logins, so that no user is locked. */
  unlockUsers(): void;
  /**
   * Delays every answer, or the answers of one endpoint.
   *
   * @param delayMs unit: milliseconds; `Infinity` waits for `answerNormally`
   * @param endpoint default: every endpoint
   * @example
   * idp.answerSlowly(6_000, 'token');
   */
  answerSlowly(delayMs: number, endpoint?: Endpoint): void;
  /**
   * Answers with an error status.
   *
   * @param statusCode default 500
   * @param endpoint default: every endpoint
   * @example
   * idp.answerWithError(503, 'introspection');
   */
  answerWithError(statusCode?: number, endpoint?: Endpoint): void;
  /**
   * Answers 200 with a body that is not JSON.
   *
   * @param endpoint default: every endpoint
   * @example
   * idp.answerGarbage('jwks');
   */
  answerGarbage(endpoint?: Endpoint): void;
  /** Undoes `answerSlowly`, `answerWithError` and `answerGarbage`. Delayed answers are sent. */
  answerNormally(): void;
}
