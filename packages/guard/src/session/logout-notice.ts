import type { TokenVerifier } from '../core/index.ts';
import { isInMemory } from './memory-session-store.ts';
import type { SessionStore } from './session-store.ts';

/** Tells the operator, where other processes may see the sessions, but cannot learn from this one that they ended. */
export function tellWhereLogoutIsNotShared({ members }: TokenVerifier, store: SessionStore): void {
  if (isInMemory(store)) return;
  // Of a verifier of the application's own, it is not known.
  members
    .find(({ hasRevocationStore }) => hasRevocationStore === false)
    ?.notify({
      level: 'warn',
      code: 'logout_not_shared',
      message:
        'Sessions have a store that other processes can share, but revocations stay in this one: a logout here counts in the others only some seconds later',
      fix: 'Give the verifier a revocationStore too, such as createRedisRevocationStore(…); createMemoryRevocationStore() for a single process',
    });
}
