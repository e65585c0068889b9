import {
  answerNode,
  type BackchannelLogoutOptions,
  createDoor,
  type KeycloakOptions,
  type NodeMiddleware,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  type SessionSettings,
  toNodeGuard,
  toNodeRoutes,
} from '../adapter/internal.ts';
import type { AppClaims, Principal, Requirements, TokenVerifier } from '../core/index.ts';
import type { GuardOptions } from '../core/internal.ts';

/** A listener that runs for guarded requests alone. */
export type GuardedListener<C extends object = AppClaims> = (
  request: NodeRequest & { readonly principal: Principal<C> },
  response: NodeResponse,
) => void;

/** keycloak-guard for Node's own servers: `http`, `https` and `http2`. */
export interface NodeKeycloak<C extends object = AppClaims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * Guards a listener, or, without one, as middleware `(request, response, next)`. A refused request is answered with
   * status, challenge and `{"detail": …}`.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   */
  guard(
    requirements: GuardOptions,
    listener: GuardedListener<C>,
  ): (request: NodeRequest, response: NodeResponse) => void;
  guard(requirements?: GuardOptions): NodeMiddleware;
  /**
   * Signs people in with the browser: answers login, callback, session and logout, and lets all else through. Guards then
   * take its cookie as well as a bearer token.
   *
   * @throws {OptionsError} naming every option that is missing, wrong or unknown
   */
  session(settings: SessionSettings<NodeRequest>): NodeMiddleware;
  /** Lets Keycloak tell that a session ended: answers `POST /backchannel-logout`, and lets all else through. */
  backchannelLogout(options?: BackchannelLogoutOptions<NodeRequest>): NodeMiddleware;
  /** Whether somebody meets requirements. */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Ends every timer. */
  close(): Promise<void>;
}

/**
 * Checks bearer tokens of Keycloak on Node's own servers.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * createServer(kc.guard({}, (request, response) => response.end(request.principal.username))).listen(3000);
 */
export function keycloak<C extends object = AppClaims>(
  options: KeycloakOptions<NodeRequest, C>,
): NodeKeycloak<C> {
  const door = createDoor<NodeRequest, NodeResponse, C>(options, { factory: 'keycloak', ...nodeHost });
  // Not awaited: an API must start, and answer what needs no token, while Keycloak is down.
  void door.load();

  const toMiddleware = (requirements?: GuardOptions): NodeMiddleware =>
    toNodeGuard(door.gate(requirements), (error, request, response, next) => {
      const answer = door.refusalOf(error, request);
      if (answer === undefined) next(error);
      else answerNode(response, answer);
    });

  function guard(requirements?: GuardOptions, listener?: GuardedListener<C>) {
    const middleware = toMiddleware(requirements);
    if (listener === undefined) return middleware;
    return (request: NodeRequest, response: NodeResponse) =>
      middleware(request, response, (error) => {
        if (error !== undefined) answerNode(response, FAULT);
        else listener(request as Parameters<GuardedListener<C>>[0], response);
      });
  }

  return {
    verifier: door.verifier,
    guard: guard as NodeKeycloak<C>['guard'],
    session: (settings) => toNodeRoutes(door, door.openSessions(settings)),
    backchannelLogout: (given) => toNodeRoutes(door, door.messages(given)),
    has: door.has,
    close: door.close,
  };
}

/** There is nobody who could be told more: Node's servers have no error path. */
const FAULT = {
  status: 500,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  setCookies: [],
  body: '{"detail":"Internal Server Error"}',
} as const;
