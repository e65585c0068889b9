import type { Request } from 'express';
import type { AppClaims, Principal } from '../../core/index.ts';
import {
  type KeycloakOptions,
  type Next,
  type NodeRequest,
  type NodeResponse,
  nodeHost,
  originOf,
} from '../engine/internal.ts';
import type { ServerKeycloak } from '../face/index.ts';
import { createDoor, type RefuseNode, refuseAtOnce, toNodeKeycloak } from '../face/internal.ts';
import type { McpAuthInfo } from '../mcp/index.ts';
import { createLastErrorHandler } from './last-error-handler.ts';

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
  body?: unknown;
};
/** Middleware for Express 4 or 5. */
export type ExpressMiddleware = (request: ExpressRequest, response: NodeResponse, next: Next) => void;

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
export function keycloak<C extends object = AppClaims>(
  options: KeycloakOptions<Request, C>,
): ExpressKeycloak<C> {
  const door = createDoor<ExpressRequest, NodeResponse, C>(options as KeycloakOptions<ExpressRequest, C>, {
    factory: 'keycloak',
    ...nodeHost,
    toWire: (request) => ({ ...nodeHost.toWire(request), origin: publicOriginOf(request) }),
    paramsOf: (request) => (request as { params?: unknown }).params,
  });
  door.load();

  const refuseNow = refuseAtOnce(door);
  const isCaught = createLastErrorHandler((error, request, response, next) => {
    if (response.headersSent) next(error);
    else refuseNow(error, request, response, next);
  });
  const refuse: RefuseNode<ExpressRequest> = (error, request, response, next) => {
    if (isCaught(request)) next(error);
    else refuseNow(error, request, response, next);
  };
  return toNodeKeycloak<ExpressRequest, Request, C>(door, refuse);
}

/** As Express sees it, with its `trust proxy`. */
export function publicOriginOf(request: ExpressRequest): string {
  const { protocol } = request;
  return protocol === undefined ? originOf(request) : `${protocol}://${hostOf(request)}`;
}

/** With the port: Express 4 cuts it off `request.hostname`, and has no other property that respects proxies. */
function hostOf(request: ExpressRequest): string {
  const isTrusted = request.app?.get('trust proxy fn') as
    | ((address: string | undefined, hop: number) => boolean)
    | undefined;
  const forwarded = [request.headers['x-forwarded-host'] ?? ''].flat().join();
  const isBehindProxy = forwarded !== '' && isTrusted?.(request.socket.remoteAddress, 0) === true;
  // The first of several, also where it is empty: then there is no host.
  return isBehindProxy ? (forwarded.split(',', 1)[0] as string).trim() : (request.headers.host ?? '');
}
