import type { AuthError, KeycloakMessage, Principal } from '../../core/index.ts';
import { loadPart, type Observer, partOf, partsOf, type RequestLike, then } from '../../core/internal.ts';
import type { SessionEvent, SessionRequest } from '../../session/index.ts';

/** Reports security events to the observers of a verifier. */
export interface SecurityEvents<Incoming> {
  admitted(request: Incoming, principal: Principal): void;
  /** @param judged the token that was refused. Default: the one of the request's headers */
  denied(request: Incoming, error: AuthError, principal: Principal | null, judged?: string): void;
  message(request: Incoming, message: KeycloakMessage): void;
  session(event: SessionEvent, request: Incoming | null): void;
}

/** How the sources of events are read. */
export interface SecurityEventsHost<Incoming> {
  toRequest(request: Incoming): RequestLike;
  toSessionRequest(request: Incoming): Pick<SessionRequest, 'method' | 'id'>;
  toAppRequest?(request: Incoming): unknown;
  addressOf?(request: Incoming): string | undefined;
  /** See `Tenants.knownNameOf`. Left out: there are no realms of tenants. */
  tenantOf?(request: Incoming, token?: string): string | undefined;
}

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
