import { Type } from '@sinclair/typebox';
import type { Readiness } from '../readiness/readiness.ts';
import type { TypedApp } from './app-type.ts';

/** `/health/live`: the process answers. `/health/ready`: it can also verify tokens. */
export async function healthController(
  app: TypedApp,
  { readiness }: { readonly readiness: Readiness },
): Promise<void> {
  app.get(
    '/health/live',
    {
      schema: {
        summary: 'Is the process alive?',
        tags: ['health'],
        response: { 200: { ...Type.Ref('Live'), description: 'Yes' } },
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
          200: { ...Type.Ref('Ready'), description: 'Yes' },
          503: {
            ...Type.Ref('NotReady'),
            description:
              'Not yet: the keys of the realm, or the logouts in Redis, are not loaded, or Keycloak does not accept the client',
          },
        },
      },
    },
    (_request, reply) => {
      const checks = readiness.checks() as never;
      if (readiness.isReady()) {
        reply.send({ status: 'ready', checks });
        return;
      }
      reply.code(503).header('retry-after', '5').send({ detail: 'Not ready', status: 'not ready', checks });
    },
  );
}
