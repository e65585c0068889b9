import type { Health } from 'keycloak-guard/fastify';
import type { WorkerLink } from '../shared/worker-link.ts';
import type { ClientCheck } from './client-check.ts';
import type { Draining } from './draining.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether this process is ready, regardless of the other workers. */
    isReadyItself: () => boolean;
  }
}

/** What `/health/ready` is made of. */
export type Readiness = ReturnType<typeof watchReadiness>;

interface ReadinessSources {
  readonly health: () => Health;
  readonly draining: Draining;
  readonly clientCheck: Pick<ClientCheck, 'isInTheWay' | 'status'>;
  /** With several workers: the others. */
  readonly link: Pick<WorkerLink, 'areAllReady'> | undefined;
}

export function watchReadiness({ health, draining, clientCheck, link }: ReadinessSources) {
  const isReadyItself = () => !draining.isDraining && !clientCheck.isInTheWay && health().isReady;
  return {
    isReadyItself,
    isReady: (): boolean => isReadyItself() && link?.areAllReady !== false,
    checks(): object {
      const { keys, keycloak, revocations } = health().checks;
      return {
        ...{ keys, keycloak },
        ...(clientCheck.status && { client: clientCheck.status }),
        ...(revocations && { redis: revocations }),
      };
    },
  };
}
