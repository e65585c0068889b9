import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { principalOf, readBearerToken } from 'keycloak-guard';
import { type Report, toOutcome, whoOf } from '../audit/security-events.ts';
import { emptyBodyHasNoFields } from '../http/bodies.ts';
import { LogoutRequest } from '../models.ts';
import type { AuthService } from '../services/auth-service.ts';
import { ERRORS, takes } from './answers.ts';

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
      report(request, { event: 'logout', outcome: 'ok', by, ...whoOf(token) });
      return reply.code(204).send(null);
    },
  );
}
