import type { AppClaims, Principal } from '../../core/index.ts';
import { FAULT, isThenable } from '../../core/internal.ts';
import type { ServerKeycloak } from '../engine/index.ts';
import {
  answerNode,
  createEngine,
  type GuardRequirements,
  type NodeMiddleware,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  type KeycloakOptions as OptionsOf,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
  refuseAtOnce,
  requirementsOf,
  toKeycloak,
  toNodeFramework,
  toSockets,
} from '../engine/internal.ts';

/** A listener for guarded requests. `principal` is `undefined` only under an optional guard, without a token. */
export type GuardedListener<P = Principal> = (
  request: NodeRequest & { readonly principal: P },
  response: NodeResponse,
) => unknown;

/** A listener as `http`, `https` or `http2` has it, which asks for no principal. */
export type PlainListener = {
  // As a method: one for the requests of `http` alone is one, too.
  listen(request: NodeRequest, response: NodeResponse): unknown;
}['listen'];

type Listener = (request: NodeRequest, response: NodeResponse) => void;

/** Options of {@link keycloak}. */
export type KeycloakOptions<C extends object = AppClaims> = OptionsOf<NodeRequest, C>;

/**
 * keycloak-guard for Node's own servers: `http`, `https` and `http2`. Its middleware lets every request through that is not
 * its own.
 */
export interface NodeKeycloak<C extends object = AppClaims>
  extends ServerKeycloak<NodeRequest, NodeMiddleware, NodeRequest, C> {
  /**
   * Guards a listener, or, without one, is middleware `(request, response, next)`. A refused request is answered with
   * status, challenge and `{"detail": …}`. If the listener throws or rejects, the answer is a 500 and the error is logged.
   *
   * @throws {OptionsError} for a misspelt or empty requirement
   */
  guard(
    requirements: GuardRequirements<NodeRequest> & { readonly optional: true },
    listener: GuardedListener<Principal<C> | undefined>,
  ): Listener;
  guard(requirements: GuardRequirements<NodeRequest>, listener: GuardedListener<Principal<C>>): Listener;
  guard(requirements: GuardRequirements<NodeRequest>, listener: PlainListener): Listener;
  guard(requirements?: GuardRequirements<NodeRequest>): NodeMiddleware;
  /**
   * A listener inside `guard`, or, without one, middleware after it, for callers to whom Keycloak grants the permission.
   * Others are answered as the guard does. Needs `permissions`.
   *
   * @throws {OptionsError} for a wrong rule or option
   * @throws {Error} before `permissions`
   * @example
   * createServer(kc.guard({}, kc.permit('orders#view', {}, (request, response) => response.end('orders'))));
   */
  permit(
    rule: PermitRule | RuleOfRequest<NodeRequest>,
    options: PermitOptions<NodeRequest>,
    listener: GuardedListener<Principal<C>>,
  ): Listener;
  permit(
    rule: PermitRule | RuleOfRequest<NodeRequest>,
    options: PermitOptions<NodeRequest>,
    listener: PlainListener,
  ): Listener;
  permit(rule: PermitRule | RuleOfRequest<NodeRequest>, options?: PermitOptions<NodeRequest>): NodeMiddleware;
}

/**
 * Checks bearer tokens of Keycloak on Node's own servers.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * createServer(kc.guard({}, (request, response) => response.end(`hello ${request.principal.username}`))).listen(3000);
 */
export function keycloak<C extends object = AppClaims>(options: KeycloakOptions<C>): NodeKeycloak<C> {
  const engine = createEngine<NodeRequest, NodeResponse, C>(options, { factory: 'keycloak', ...nodeHost });
  engine.load();
  const all = toKeycloak<NodeRequest, NodeResponse, NodeMiddleware, NodeRequest, C>(
    engine,
    toNodeFramework(engine, refuseAtOnce(engine)),
  );

  function fail(err: unknown, response: NodeResponse): void {
    engine.log.error({ err }, 'a guarded request failed');
    // An answer that has begun cannot become another one: the client must see that it is not whole.
    if (response.headersSent) response.destroy();
    // Node's servers have no error handlers.
    else answerNode(response, FAULT);
  }

  /** A promise costs as much as the guard itself, so a listener that returns none gets none. */
  function run(listener: GuardedListener<never>, request: NodeRequest, response: NodeResponse): void {
    try {
      const running = listener(request as never, response);
      // An error that is not caught here would end the process.
      if (isThenable(running)) Promise.resolve(running).catch((error: unknown) => fail(error, response));
    } catch (error) {
      fail(error, response);
    }
  }

  function toGuarded(middleware: NodeMiddleware, listener?: GuardedListener<never>) {
    if (listener === undefined) return middleware;
    return (request: NodeRequest, response: NodeResponse) =>
      middleware(request, response, (error) => {
        if (error === undefined) run(listener, request, response);
        else fail(error, response);
      });
  }

  return {
    ...all,
    ...toSockets<NodeRequest, C>(engine, (request) => request),
    guard: ((...args: [unknown?, GuardedListener<never>?]) =>
      toGuarded(
        all.guard(requirementsOf(args) as GuardRequirements<NodeRequest>),
        args[1],
      )) as NodeKeycloak<C>['guard'],
    permit: ((rule: PermitRule, args?: PermitOptions<NodeRequest>, listener?: GuardedListener<never>) =>
      toGuarded(all.permit(rule, args), listener)) as NodeKeycloak<C>['permit'],
  };
}
