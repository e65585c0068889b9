import type { Log } from '../../core/index.ts';
import { loadPart, partsOf } from '../../core/internal.ts';
import type { SecurityEvents, SecurityEventsHost } from './parts/security-events.ts';

/**
 * The code that reports is loaded now, if an observer listens to events.
 *
 * @param of verifiers
 * @returns `undefined` if no observer listens to events
 */
export function createSecurityEvents<Incoming>(
  of: readonly object[],
  host: SecurityEventsHost<Incoming>,
  log: Pick<Log, 'error'>,
): SecurityEvents<Incoming> | undefined {
  // Several realms of one API may have the same observers.
  const listeners = new Set(of.flatMap((one) => partsOf(one)?.eventListeners ?? []));
  if (listeners.size === 0) return undefined;
  const part = loadPart(async () =>
    (await import('./parts/security-events.ts')).openSecurityEvents(listeners, host),
  );
  part.loading.catch((err: unknown) =>
    log.error({ err }, 'Security events are not reported, for their code could not be loaded'),
  );
  const report = (act: (events: SecurityEvents<Incoming>) => void) => {
    if (part.loaded === undefined) part.loading.then(act).catch(() => {});
    else act(part.loaded);
  };
  return {
    admitted: (...event) => report(({ admitted }) => admitted(...event)),
    denied: (...event) => report(({ denied }) => denied(...event)),
    message: (...event) => report(({ message }) => message(...event)),
    session: (...event) => report(({ session }) => session(...event)),
  };
}
