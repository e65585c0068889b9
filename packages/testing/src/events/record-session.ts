import type { FastifyRequest } from 'fastify';
import type { Provider } from '../provider.ts';
import type { Session } from '../session.ts';

/** A person signed in to a client, or out. */
export function recordSession(
  { events }: Provider,
  type: 'LOGIN' | 'LOGOUT',
  request: FastifyRequest,
  { id, userId }: Session,
  clientId: string,
): void {
  events.recordUser({ type, clientId, userId, sessionId: id, ipAddress: request.ip, details: {} });
}
