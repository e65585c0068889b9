import { loadPart, type Observer, partOf, partsOf, then } from '../../core/internal.ts';
import type { SecurityEvents, SecurityEventsHost } from './parts/security-events.ts';

/**
 * The code that reports is loaded now, if an observer listens to events.
 *
 * @param of verifiers, and observers themselves: verifiers of tenants are made later
 * @returns `undefined` if no observer listens to events
 */
export function createSecurityEvents<Incoming>(
  of: readonly object[],
  host: SecurityEventsHost<Incoming>,
): SecurityEvents<Incoming> | undefined {
  // Several realms of one API may have the same observers.
  const listeners = new Set(of.flatMap((one) => partsOf(one)?.eventListeners ?? listenerIn(one)));
  if (listeners.size === 0) return undefined;
  const part = loadPart(async () =>
    (await import('./parts/security-events.ts')).openSecurityEvents(listeners, host),
  );
  const report = (act: (events: SecurityEvents<Incoming>) => void) => void then(partOf(part), act);
  return {
    admitted: (...event) => report(({ admitted }) => admitted(...event)),
    denied: (...event) => report(({ denied }) => denied(...event)),
    message: (...event) => report(({ message }) => message(...event)),
    session: (...event) => report(({ session }) => session(...event)),
  };
}

const listenerIn = (one: Observer): Observer[] => (typeof one.event === 'function' ? [one] : []);
