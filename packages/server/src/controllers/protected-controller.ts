import type { FastifyInstance } from 'fastify';
import { principalOf } from 'keycloak-guard';
import { refTo } from '../models.ts';
import { toUserInfo } from '../services/user-service.ts';
import { ERRORS } from './answers.ts';

export async function protectedController(app: FastifyInstance): Promise<void> {
  const { 401: unauthorized, 403: forbidden, 500: failed, 503: unavailable } = ERRORS;
  app.get(
    '/protected',
    {
      onRequest: app.guard(),
      schema: {
        summary: 'Who is calling',
        description: 'Needs an access token of the realm.',
        tags: ['guide'],
        security: [{ bearerAuth: [] }, { keycloak: ['openid'] }],
        response: {
          200: { ...refTo('UserInfo'), description: 'The user the token belongs to' },
          400: { ...ERRORS[400], description: 'More than one Authorization header' },
          401: unauthorized,
          403: forbidden,
          500: failed,
          503: unavailable,
        },
      },
    },
    (request, reply) => {
      reply.header('content-type', 'application/json; charset=utf-8').send(toUserInfo(principalOf(request)));
    },
  );
}
