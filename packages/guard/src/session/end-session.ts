import type { AuthError } from '../core/index.ts';
import type { SessionContext } from './context.ts';
import type { LiveSession } from './live-session.ts';
import { logOf, type SessionRequest } from './request.ts';

/** Ends a session, reports it, and logs what could not be done at once. False: the store does not answer. */
export async function endSession(
  { keeper, options }: SessionContext,
  session: LiveSession,
  reason: string,
  request: SessionRequest,
): Promise<boolean> {
  const isTold = await keeper.end(session.cookie);
  if (!isTold) warn(request, { code: 'session_store_unavailable', reason: NOT_TOLD });
  options.tell('ended', reason, request, session.record.accessToken);
  return isTold;
}

export function warn(request: SessionRequest, { code, reason }: Pick<AuthError, 'code' | 'reason'>): void {
  logOf(request).warn({ reqId: request.id, code }, reason);
}

export const NOT_TOLD =
  'A session has ended here; the session store does not answer, and will be updated when it is back';
