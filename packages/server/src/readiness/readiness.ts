import type { FastifyInstance } from 'fastify';
import type { Health } from 'keycloak-guard/fastify';
import type { ClientCheck } from './client-check.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * From now on `/health/ready` is 503, and every answer closes its connection: load balancers and proxies send
     * their requests elsewhere. What comes all the same is answered.
     */
    drain: () => void;
  }
}

/** Whether this process is about to end. */
export interface Draining {
  readonly isDraining: boolean;
}

export function addDrain(app: FastifyInstance): Draining {
  const draining = { isDraining: false };
  app.decorate('drain', () => {
    draining.isDraining = true;
  });
  return draining;
}

/** The content of `/health/ready`. */
export type Readiness = ReturnType<typeof watchReadiness>;

interface ReadinessSources {
  readonly health: () => Health;
  readonly draining: Draining;
  readonly clientCheck: Pick<ClientCheck, 'isInTheWay' | 'status'>;
}

export function watchReadiness({ health, draining, clientCheck }: ReadinessSources) {
  return {
    isReady: (): boolean => !draining.isDraining && !clientCheck.isInTheWay && health().isReady,
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
