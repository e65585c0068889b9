import type { Request } from 'express';
import type { AppClaims, Principal } from '../../core/index.ts';
import type { McpAuthInfo, ServerKeycloak } from '../engine/index.ts';
import {
  createEngine,
  type Next,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  type KeycloakOptions as OptionsOf,
  publicOriginOf,
  type RefuseNode,
  refuseAtOnce,
  toKeycloak,
  toNodeFramework,
  toSockets,
} from '../engine/internal.ts';

/** The part of an app of Express 4 or 5 that is needed. */
interface App {
  readonly parent?: App;
  use(handler: ErrorHandler): unknown;
}
type ErrorHandler = (
  error: unknown,
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Adds an error handler behind all others of the app, when the first request is refused. The application's own handlers come
 * first; a refusal that none of them answers gets JSON instead of an HTML page with a stack.
 *
 * @returns a function for each refused request; it returns false if the request belongs to no app
 */
function createLastErrorHandler(handler: ErrorHandler): (request: NodeRequest) => boolean {
  const apps = new WeakSet<App>();
  return (request) => {
    let app = (request as { app?: App }).app;
    if (typeof app?.use !== 'function') return false;
    while (app.parent !== undefined) app = app.parent;
    if (!apps.has(app)) {
      apps.add(app);
      app.use(handler);
    }
    return true;
  };
}

/** How the adapter that refused a request answers: of several in one app, the handler of another one may come first. */
const refusedBy = new WeakMap<object, RefuseNode<ExpressRequest>>();

declare global {
  namespace Express {
    interface Request {
      /** The caller; `undefined` if no guard ran, or an optional one found no token. */
      principal?: import('../../core/index.ts').Principal;
    }
  }
}

/** The part of a request of Express 4 or 5 that is needed. */
export type ExpressRequest = NodeRequest & {
  readonly protocol?: string;
  readonly app?: { get(setting: string): unknown };
  principal?: Principal;
  auth?: McpAuthInfo;
};
/** Middleware for Express 4 or 5. */
export type ExpressMiddleware = (request: ExpressRequest, response: NodeResponse, next: Next) => void;

/** Options of {@link keycloak}. */
export type KeycloakOptions<C extends object = AppClaims> = OptionsOf<Request, C>;

/** keycloak-guard for Express. */
export type ExpressKeycloak<C extends object = AppClaims> = ServerKeycloak<
  ExpressRequest,
  ExpressMiddleware,
  Request,
  C
>;

/**
 * Checks bearer tokens of Keycloak in Express 4 or 5, and guards routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * app.get('/hello', kc.guard(), (request, response) => response.json({ hello: request.principal?.username }));
 */
export function keycloak<C extends object = AppClaims>(options: KeycloakOptions<C>): ExpressKeycloak<C> {
  const engine = createEngine<ExpressRequest, NodeResponse, C>(options as OptionsOf<ExpressRequest, C>, {
    factory: 'keycloak',
    ...nodeHost,
    toSessionRequest: (request) => ({
      ...nodeHost.toSessionRequest(request),
      origin: publicOriginOf(request),
    }),
    paramsOf: (request) => (request as { params?: unknown }).params,
  });
  engine.load();

  const refuseNow = refuseAtOnce(engine);
  const isCaught = createLastErrorHandler((error, request, response, next) => {
    if (response.headersSent) next(error);
    else (refusedBy.get(error as object) ?? refuseNow)(error, request, response, next);
  });
  const refuse: RefuseNode<ExpressRequest> = (error, request, response, next) => {
    if (!isCaught(request)) return refuseNow(error, request, response, next);
    refusedBy.set(error as object, refuseNow);
    next(error);
  };
  return {
    ...toKeycloak<ExpressRequest, NodeResponse, ExpressMiddleware, Request, C>(
      engine,
      toNodeFramework(engine, refuse),
    ),
    ...toSockets<ExpressRequest, C>(engine, (request) => request),
  };
}
