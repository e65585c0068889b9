import type { FastifyInstance } from 'fastify';
import { type Report, toOutcome } from '../audit/security-events.ts';
import { emptyBodyHasNoFields } from '../http/bodies.ts';
import { RefreshRequest, refTo } from '../models.ts';
import type { AuthService } from '../services/auth-service.ts';
import { ERRORS, takes } from './answers.ts';

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
