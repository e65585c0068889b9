import type { FastifyInstance } from 'fastify';
import { type Report, toLoginOutcome, whoOf } from '../audit/security-events.ts';
import { emptyBodyHasNoFields } from '../http/bodies.ts';
import type { LoginHooks } from '../limits/login-limits.ts';
import { refTo, TokenRequest } from '../models.ts';
import { addressOf } from '../services/addresses.ts';
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
        report(request, { ...login, outcome: 'ok', ...whoOf(tokens.access_token) });
        return tokens;
      } catch (error) {
        report(request, { ...login, outcome: toLoginOutcome(error), user: username });
        throw error;
      }
    },
  );
}
