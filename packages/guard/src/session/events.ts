import { readCompactJws } from '../core/internal.ts';
import { logOf, type SessionRequest } from './http/request.ts';

/** Something that happened to a session in the browser, for an audit log. Nothing in it is a secret. */
export interface SessionEvent {
  /** `login_failed`: the sign-in failed. `logout_refused`: the request came from another site. */
  readonly type: 'started' | 'login_failed' | 'ended' | 'logout_refused';
  /**
   * Why: of `ended` it is `logout`, `replaced` (by a new sign-in), `refresh_refused` (Keycloak ended it), or the
   * code of the `AuthError` that refused its token. An unused session expires without an event.
   */
  readonly reason: string;
  readonly username: string | null;
  /** `sub` */
  readonly subject: string | null;
  /** Of Keycloak (`sid`), not the cookie's. */
  readonly sessionId: string | null;
  /** Name of the tenant, where each tenant has a realm. */
  readonly tenant?: string | undefined;
}

/**
 * Called for each event. Its result and its errors are ignored.
 *
 * @param request the framework's own; `null` where it happened in the background
 */
export type OnSessionEvent<Source = unknown> = (event: SessionEvent, request: Source | null) => void;

export type EmitSessionEvent = (
  type: SessionEvent['type'],
  reason: string,
  request: SessionRequest | null,
  accessToken?: string,
) => void;

/** A failing listener does not affect signing in or out. */
export function createSessionEmitter(onEvent: OnSessionEvent | undefined): EmitSessionEvent {
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
      const result: unknown = onEvent(event, request?.source ?? null);
      // An audit log may be asynchronous, with any kind of promise.
      Promise.resolve(result).catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
