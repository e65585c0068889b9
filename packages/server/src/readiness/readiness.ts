import type { Verifier, VerifierStatus } from 'keycloak-guard';
import type { SharedState } from '../shared/shared-state.ts';
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
export interface Readiness {
  readonly isReadyItself: () => boolean;
  readonly isReady: () => boolean;
  readonly checks: () => object;
}

interface ReadinessSources {
  readonly verifier: Verifier;
  readonly shared: Pick<SharedState, 'status' | 'through'> | undefined;
  readonly draining: Draining;
  readonly clientCheck: Pick<ClientCheck, 'isInTheWay' | 'status'>;
  /** With several workers: the others. */
  readonly link: Pick<WorkerLink, 'areAllReady'> | undefined;
}

/**
 * A replica that never learnt who was logged out would let them in. One that knew and lost Redis goes on: with it gone
 * all replicas would be out, and rechecks find a logout within seconds.
 */
export function watchReadiness(sources: ReadinessSources): Readiness {
  const { verifier, shared, draining, clientCheck, link } = sources;
  const isReadyItself = () =>
    !draining.isDraining &&
    !clientCheck.isInTheWay &&
    verifier.status().keysLoaded &&
    shared?.status().isKnowing !== false;
  return {
    isReadyItself,
    isReady: () => isReadyItself() && link?.areAllReady !== false,
    checks: () => ({
      ...checkKeycloak(verifier.status()),
      ...(clientCheck.status === undefined ? {} : { client: clientCheck.status }),
      ...(shared?.through === 'redis' ? { redis: checkRedis(shared.status()) } : {}),
    }),
  };
}

/** In words that may be seen by anybody: addresses and causes are in the log. */
function checkKeycloak({ keysLoaded, keysAgeSeconds, isProviderDown, lastError }: VerifierStatus) {
  const isDown = isProviderDown || lastError !== null;
  const why =
    lastError?.code === 'provider_misconfigured'
      ? 'Answers, but not as the realm that is configured: see the log'
      : 'Does not answer: see the log';
  return {
    keys: {
      ok: keysLoaded,
      detail: keysLoaded ? `Loaded ${Math.round(keysAgeSeconds ?? 0)} s ago` : 'Not loaded yet',
    },
    keycloak: {
      ok: keysLoaded && !isDown,
      detail: isDown ? why : keysLoaded ? 'Answers' : 'Not asked yet',
    },
  };
}

function checkRedis({ isConnected, isKnowing }: ReturnType<SharedState['status']>) {
  if (!isKnowing) return { ok: false, detail: 'Logouts of other replicas are not loaded yet' };
  return isConnected
    ? { ok: true, detail: 'Answers' }
    : { ok: false, detail: 'Does not answer: see the log' };
}
