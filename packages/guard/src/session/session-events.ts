import { readCompactJws } from '../core/internal.ts';
import type { SessionRequest } from './request.ts';
import { logOf } from './session-log.ts';

/** Something that happened to a session in the browser, for an audit log. Nothing in it is a secret. */
export interface SessionEvent {
  /** `login_failed`: nobody was signed in. `logout_refused`: the request came from another site. */
  readonly type: 'started' | 'login_failed' | 'ended' | 'logout_refused';
  /**
   * Why: of `ended` it is `logout`, `replaced` (somebody signed in again), `refresh_refused` (Keycloak ended it), or the
   * code of the `AuthError` by which its token is no longer good. A session that nobody used any more ends in silence.
   */
  readonly reason: string;
  readonly username: string | null;
  /** `sub` */
  readonly subject: string | null;
  /** Of Keycloak (`sid`), not the cookie's. */
  readonly sessionId: string | null;
}

/**
 * Told of each event. What it returns or throws changes nothing.
 *
 * @param request the framework's own; `null` where it happened in the background
 */
export type OnSessionEvent<Source = unknown> = (event: SessionEvent, request: Source | null) => void;

/** @param accessToken of the session, where there is one */
export type TellSession = (
  type: SessionEvent['type'],
  reason: string,
  request: SessionRequest | null,
  accessToken?: string,
) => void;

/** A listener that fails keeps nobody from signing in or out. */
export function createTeller(onEvent: OnSessionEvent | undefined): TellSession {
  if (onEvent === undefined) return () => {};
  return (type, reason, request, accessToken) => {
    const fail = (err: unknown) => request && logOf(request).error({ err }, 'onEvent failed');
    try {
      const claims = accessToken === undefined ? {} : readCompactJws(accessToken).payload();
      const event: SessionEvent = {
        type,
        reason,
        username: toText(claims.preferred_username),
        subject: toText(claims.sub),
        sessionId: toText(claims.sid),
      };
      const told: unknown = onEvent(event, request?.source ?? null);
      // Of whichever make: an audit log may be asynchronous.
      Promise.resolve(told).catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
