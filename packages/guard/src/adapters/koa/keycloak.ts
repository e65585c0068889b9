import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { AppClaims, Principal } from '../../core/index.ts';
import { isThenable } from '../../core/internal.ts';
import {
  answerRoute,
  type KeycloakOptions,
  nodeHost,
  originOf,
  type Routes,
  sentOnNode,
} from '../engine/internal.ts';
import type { ServerKeycloak } from '../face/index.ts';
import { createDoor, toKeycloak, toSockets } from '../face/internal.ts';
import { toKoaMcp } from './mcp.ts';
import { bodyOf, type KoaContext, type KoaMiddleware, sendAnswer, throwRefusal } from './refusal.ts';

declare module 'koa' {
  interface DefaultState {
    /** The caller; `undefined` if no guard ran, or an optional one found no token. */
    principal?: import('../../core/index.ts').Principal;
  }
}

/**
 * keycloak-guard for Koa. A refusal is thrown, with `status`, `headers` and `expose`, so that middleware in front sees it.
 */
export type KoaKeycloak<C extends object = AppClaims> = ServerKeycloak<KoaContext, KoaMiddleware, Context, C>;

/**
 * Checks bearer tokens of Keycloak in Koa, and guards routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * router.get('/hello', kc.guard(), (ctx) => { ctx.body = { hello: ctx.state.principal?.username }; });
 */
export function keycloak<C extends object = AppClaims>(options: KeycloakOptions<Context, C>): KoaKeycloak<C> {
  const door = createDoor<KoaContext, KoaContext, C>(options as unknown as KeycloakOptions<KoaContext, C>, {
    factory: 'keycloak',
    toRequest: ({ req }) => req,
    // Protocol and host respect proxies (`app.proxy`). `ctx.origin` is the header `Origin` since Koa 3.
    toWire: ({ req, originalUrl, protocol, host }) => ({
      ...nodeHost.toWire(req),
      url: originalUrl,
      origin: `${protocol}://${host}`,
    }),
    paramsOf: (context) => (context as { params?: unknown }).params,
    addToAnswer: ({ res }, extra) => nodeHost.addToAnswer(res, extra),
    addressOf: (context) => (context as object as Partial<Context>).ip ?? nodeHost.addressOf(context.req),
  });
  door.load();

  function refuse(error: unknown, context: KoaContext): void {
    const invitation = door.inviteToLogin(error, context);
    if (invitation === undefined) throwRefusal(context, error, door.refusalOf);
    sendAnswer(context, invitation);
  }

  const toRoutes = (routes: Routes<KoaContext>): KoaMiddleware => {
    return async (context, next) => {
      const route = routes.find(context.method, context.path);
      if (route === undefined) return void (await next());
      const answer = await answerRoute(door, route, context, sentOnNode(context.req, bodyOf(context)));
      if (answer !== undefined) sendAnswer(context, answer);
    };
  };

  return {
    ...toKeycloak<KoaContext, KoaContext, KoaMiddleware, Context, C>(door, {
      toGuard: (gate) => async (context, next) => {
        let principal: Principal | null;
        try {
          const decided = gate.decide(context, context);
          principal = isThenable(decided) ? await decided : decided;
        } catch (error) {
          return refuse(error, context);
        }
        // An optional guard keeps a principal that the application set itself.
        if (principal !== null) context.state.principal = principal;
        await next();
      },
      toRoutes,
      mcp: (given) => toKoaMcp(door, given, refuse, toRoutes),
      principalOf: ({ state }) => state.principal,
    }),
    ...toSockets<KoaContext, C>(door, toContext),
  };
}

/** A handshake, which is no request of Koa's, as the part of a context that is needed. */
function toContext(req: IncomingMessage): KoaContext {
  const [protocol = '', host = ''] = originOf(req).split('://');
  return { req, originalUrl: req.url, protocol, host } as unknown as KoaContext;
}
