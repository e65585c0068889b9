import type { Health } from 'keycloak-guard/fastify';
import type { ClientCheck } from './client-check.ts';
import type { Draining } from './draining.ts';

/** What `/health/ready` is made of. */
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
