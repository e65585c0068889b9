import type { Requirements } from '../../core/index.ts';
import { loadPart, once, type Part } from '../../core/internal.ts';
import type { ConnectionGuard } from './connection.ts';
import { lateMembers } from './late.ts';
import type { ConnectionsHost, OpenConnections } from './parts/connections.ts';
import type { Realms } from './realms.ts';
import {
  assertRequirements,
  type GuardRequirements,
  type RequirementsHost,
  readRequirements,
} from './requirements.ts';

/** The connections of an adapter that stay open. The code that watches them is loaded for the first guard. */
export type Connections<Incoming> = ReturnType<typeof createConnections<Incoming>>;

/** @param requirementsHost how requirements read the request that a connection began with */
export function createConnections<Incoming>(
  realms: Realms<Incoming>,
  host: ConnectionsHost<Incoming>,
  requirementsHost: RequirementsHost<Incoming>,
) {
  let part: Part<OpenConnections<Incoming>> | undefined;
  const load = once(() => {
    part = loadPart(async () => (await import('./parts/connections.ts')).openConnections(realms, host));
    return part.loading;
  });
  return {
    /**
     * @param more how requirements read the request, if it was not routed
     * @throws {OptionsError} for a misspelt or empty requirement
     */
    guard(
      requirements: GuardRequirements<never, Requirements>,
      more?: Partial<RequirementsHost<Incoming>>,
    ): ConnectionGuard<Incoming> {
      // At once, and not when the code that watches is there: a mistake stops the start.
      assertRequirements(requirements);
      const read = readRequirements(requirements, { ...requirementsHost, ...more });
      const guard = load().then((connections) => connections.guard(read));
      guard.catch(() => {});
      return lateMembers(() => guard, 'open', 'openWith');
    },
    /** Resolves to a function that watches a request which a guard without requirements has just admitted. */
    watcher: async () => (await load()).follow,
    /** Ends the timer. */
    close: () => part?.loaded?.close(),
  };
}
