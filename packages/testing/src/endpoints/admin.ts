import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { Fault } from '../fault.ts';
import { bearerOf } from '../http/bearer.ts';
import { ownOrigin } from '../http/issuer.ts';
import type { Realms } from '../realms.ts';
import { readToken } from '../tokens/read-access-token.ts';
import { readEvents } from './admin-events.ts';

/**
 * Of the admin API there are the events, for who has the role `view-events` of `realm-management`. Other calls are refused as by
 * Keycloak's: 401 without a valid token, 403 with one.
 */
export function addAdmin(app: FastifyInstance, realms: Realms): void {
  app.all('/admin/realms', answer);
  app.all('/admin/realms/*', answer);
  app.all('/admin/serverinfo', answer);

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const token = bearerOf(request) ?? '';
    const own = realms.find(realmIn(token));
    const issuer = `${ownOrigin(request)}/realms/${encodeURIComponent(own?.realm.name ?? '')}`;
    const reading = own && (await readToken(own, token, issuer, ['Bearer']));
    if (reading === undefined || 'problem' in reading) throw new Fault(401, 'HTTP 401 Unauthorized');
    const asked = /^\/admin\/realms\/([^/?]+)/.exec(request.url)?.[1];
    const wanted = asked === undefined ? undefined : realms.find(decodeURIComponent(asked));
    if (asked !== undefined && wanted === undefined) throw new Fault(404, 'Realm not found.');
    const roles = reading.claims.resource_access as { 'realm-management'?: { roles?: string[] } } | undefined;
    const mayRead = wanted === own && roles?.['realm-management']?.roles?.includes('view-events');
    const path = /^\/admin\/realms\/[^/?]+\/([^?]*)/.exec(request.url)?.[1] ?? '';
    const events = mayRead && own ? readEvents(own, path, request) : undefined;
    if (events === undefined) throw new Fault(403, 'HTTP 403 Forbidden');
    return reply.type('application/json;charset=UTF-8').send(JSON.stringify(events));
  }
}

/** The realm that a token says it is from. */
function realmIn(token: string): string {
  try {
    return decodeURIComponent(String(decodeJwt(token).iss).split('/realms/')[1] ?? '');
  } catch {
    return '';
  }
}
