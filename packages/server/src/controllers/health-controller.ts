import type { FastifyInstance } from 'fastify';
import { refTo } from '../models.ts';
import type { ClientCheck, Draining } from '../readiness/readiness.ts';

/** `/health/live`: the process answers. `/health/ready`: it can also verify tokens. */
export async function healthController(
  app: FastifyInstance,
  { draining, clientCheck }: { draining: Draining; clientCheck: Pick<ClientCheck, 'isInTheWay' | 'status'> },
): Promise<void> {
  app.get(
    '/health/live',
    {
      schema: {
        summary: 'Is the process alive?',
        tags: ['health'],
        response: { 200: { ...refTo('Live'), description: 'Yes' } },
      },
    },
    (_request, reply) => {
      reply.send({ status: 'alive' });
    },
  );

  app.get(
    '/health/ready',
    {
      schema: {
        summary: 'Can tokens be verified?',
        tags: ['health'],
        response: {
          200: { ...refTo('Ready'), description: 'Yes' },
          503: {
            ...refTo('NotReady'),
            description:
              'Not yet: the keys of the realm, or the logouts in Redis, are not loaded, or Keycloak does not accept the client',
          },
        },
      },
    },
    (_request, reply) => {
      const health = app.keycloakHealth();
      const { revocations, ...others } = health.checks;
      const checks = {
        ...others,
        ...(clientCheck.status && { client: clientCheck.status }),
        ...(revocations && { redis: revocations }),
      } as never;
      const isReady = !draining.isDraining && !clientCheck.isInTheWay && health.isReady;
      if (isReady) reply.send({ status: 'ready', checks });
      else
        reply.code(503).header('retry-after', '5').send({ detail: 'Not ready', status: 'not ready', checks });
    },
  );
}
