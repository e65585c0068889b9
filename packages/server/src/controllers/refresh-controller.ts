import { Type } from '@sinclair/typebox';
import { type Report, toOutcome } from '../audit/security-events.ts';
import { emptyBodyHasNoFields } from '../http/bodies.ts';
import { RefreshRequest } from '../models.ts';
import type { AuthService } from '../services/auth-service.ts';
import { ERRORS } from './answers.ts';
import type { TypedApp } from './app-type.ts';

export async function refreshController(
  app: TypedApp,
  { auth, report }: { auth: AuthService; report: Report },
): Promise<void> {
  const { 403: _, ...errors } = ERRORS;
  app.post(
    '/refresh',
    {
      preValidation: emptyBodyHasNoFields,
      schema: {
        summary: 'Stay logged in',
        description:
          'Exchanges the refresh token of a login for new tokens. Use the new refresh token from then on.',
        tags: ['guide'],
        consumes: ['application/x-www-form-urlencoded', 'application/json', 'multipart/form-data'],
        body: RefreshRequest,
        response: {
          200: { ...Type.Ref('TokenResponse'), description: 'New tokens of the user' },
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
