import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { type AuthError, isAuthError, type Principal } from '../../core/index.ts';
import { type Answer, toRefusalAnswer } from '../../core/internal.ts';
import { send } from './send.ts';

/** How a request is refused. */
export type Refuse = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/**
 * An error handler of the app gets every refusal first, of the scope or of the route. Where there is none, the answer is
 * `{"detail"}`: Fastify's own has the `code` in it, which tells people who forge tokens how far they got. Where a page is
 * asked for, the browser is sent to the login before all that.
 */
export function createRefuse(explain: boolean | undefined): Refuse {
  return (error, request, reply, done) => {
    const isRefusal = isAuthError(error);
    const invitation = isRefusal ? toInvitation(error, request) : undefined;
    if (invitation) send(reply, invitation);
    else if (!isRefusal || hasErrorHandler(request)) done(error as Error);
    else {
      if (error.statusCode >= 500) request.log.error({ err: error }, error.reason);
      send(reply, toRefusalAnswer(error, explain));
    }
  };
}

/** A page goes to where its person can sign in, or sign in more strongly; what is thrown Fastify takes for a failure. */
function toInvitation(error: AuthError, request: FastifyRequest): Answer | null | undefined {
  if (error.code === 'step_up_redirect') return toRefusalAnswer(error);
  return error.code === 'missing_token' ? request.server[SESSIONS]?.inviteToLogin(request) : undefined;
}

/** On instances where `keycloakSession` is registered: what guards ask it. */
export const SESSIONS: unique symbol = Symbol('sessions');

/** On instances: this app as a client of Keycloak, as the options of its guard say; `undefined` where they do not. */
export const OWN_CLIENT: unique symbol = Symbol('own client');

/** What guards ask about sessions. */
export interface AskedSessions {
  inviteToLogin(request: FastifyRequest): Answer | null;
  accessToken(request: FastifyRequest): Promise<string | null>;
  /** Who is calling, without using the session. */
  watch(request: FastifyRequest): Promise<Principal | null>;
}

/** On instances: how their guards refuse, for the other plugins of this package. */
export const REFUSE: unique symbol = Symbol('refuse');

/** On routes that have an error handler of their own. */
export const HAS_ERROR_HANDLER = Symbol('has an error handler');

/** Fastify's own is called so; it binds all others, and calls those "bound …". */
function hasErrorHandler({ server, routeOptions }: FastifyRequest): boolean {
  return server.errorHandler.name !== 'defaultErrorHandler' || HAS_ERROR_HANDLER in routeOptions.config;
}
