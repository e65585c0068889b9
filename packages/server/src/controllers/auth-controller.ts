import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { principalOf, readBearerToken } from 'keycloak-guard';
import { addressOf } from 'keycloak-guard/limits';
import { type Report, toLoginOutcome, toOutcome, userOf } from '../audit/security-events.ts';
import { emptyBodyHasNoFields } from '../http/bodies.ts';
import type { LoginHooks } from '../limits/keycloak-turns.ts';
import { LogoutRequest, RefreshRequest, refTo, TokenRequest } from '../models.ts';
import type { AuthService } from '../services/auth-service.ts';
import { ERRORS, takes } from './answers.ts';

export async function loginController(
  app: FastifyInstance,
  { auth, limits, report }: { auth: AuthService; limits: LoginHooks; report: Report },
): Promise<void> {
  app.post<{ Body: TokenRequest }>(
    '/login',
    {
      onRequest: limits.byAddress,
      preValidation: emptyBodyHasNoFields,
      preHandler: limits.byUser,
      schema: {
        summary: 'Log in',
        description: 'Exchanges username and password for an access token.',
        ...takes(TokenRequest),
        response: {
          200: { ...refTo('TokenResponse'), description: 'Tokens of the user' },
          ...ERRORS,
          401: { ...ERRORS[401], description: 'Invalid username or password' },
          403: { ...ERRORS[403], description: 'Account is not fully set up' },
        },
      },
    },
    async (request) => {
      const { username } = request.body;
      const login = { event: 'login', by: 'password' } as const;
      try {
        const tokens = await auth.login(request.body, addressOf(request.ip), request.raw.socket);
        report(request, { ...login, outcome: 'ok', ...userOf(tokens.access_token) });
        return tokens;
      } catch (error) {
        report(request, { ...login, outcome: toLoginOutcome(error), user: username });
        throw error;
      }
    },
  );
}

export async function refreshController(
  app: FastifyInstance,
  { auth, report }: { auth: AuthService; report: Report },
): Promise<void> {
  const { 403: _, ...errors } = ERRORS;
  app.post<{ Body: RefreshRequest }>(
    '/refresh',
    {
      preValidation: emptyBodyHasNoFields,
      schema: {
        summary: 'Stay logged in',
        description:
          'Exchanges the refresh token of a login for new tokens. Use the new refresh token from then on.',
        ...takes(RefreshRequest),
        response: {
          200: { ...refTo('TokenResponse'), description: 'New tokens of the user' },
          ...errors,
          401: { ...ERRORS[401], description: 'The refresh token is not valid, or its session is over' },
        },
      },
    },
    async (request) => {
      try {
        return await auth.refresh(request.body.refresh_token);
      } catch (error) {
        report(request, { event: 'refresh', outcome: toOutcome(error) });
        throw error;
      }
    },
  );
}

export async function logoutController(
  app: FastifyInstance,
  { auth, report }: { auth: AuthService; report: Report },
): Promise<void> {
  const { 403: _, ...errors } = ERRORS;
  const guard = app.guard();

  /** The refresh token is proof enough; without one the bearer token must be good. */
  function guardUnlessRefreshToken(
    request: FastifyRequest,
    reply: FastifyReply,
    done: HookHandlerDoneFunction,
  ): void {
    if ((request.body as LogoutRequest).refresh_token === undefined) guard(request, reply, done);
    else done();
  }

  app.post<{ Body: LogoutRequest }>(
    '/logout',
    {
      preValidation: emptyBodyHasNoFields,
      preHandler: guardUnlessRefreshToken,
      schema: {
        summary: 'Log out',
        description:
          'Ends the session of the refresh token or, without one, of the bearer token. All tokens of the session are refused from then on.',
        security: [{ bearerAuth: [] }, {}],
        ...takes(LogoutRequest),
        response: {
          204: { type: 'null', description: 'The session is over' },
          ...errors,
          401: { ...ERRORS[401], description: 'Neither the refresh token nor the bearer token is valid' },
        },
      },
    },
    async (request, reply) => {
      const { refresh_token } = request.body;
      const by = refresh_token === undefined ? 'access_token' : 'refresh_token';
      let token = refresh_token;
      try {
        if (token === undefined) {
          // The guard has set the principal, by this token or by a session cookie. A cookie alone ends nothing here:
          // browsers sign out with `POST /auth/logout`.
          token = readBearerToken(request.raw);
          await auth.logoutByAccessToken(principalOf(request), token);
        } else {
          await auth.logout(token);
        }
      } catch (error) {
        report(request, { event: 'logout', outcome: toOutcome(error), by });
        throw error;
      }
      report(request, { event: 'logout', outcome: 'ok', by, ...userOf(token) });
      return reply.code(204).send(null);
    },
  );
}
