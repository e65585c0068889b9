import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { Fault } from '../fault.ts';
import { bearerOf } from '../http/bearer.ts';
import { ownOrigin } from '../http/issuer.ts';
import type { Realms } from '../realms.ts';
import { readToken } from '../tokens/read-access-token.ts';

/**
 * There is no admin API. Calls are refused as by Keycloak's: 401 without a valid token, 403 with one, because nobody here
 * has a role of `realm-management`.
 */
export function addAdmin(app: FastifyInstance, realms: Realms): void {
  app.all('/admin/realms', refuse);
  app.all('/admin/realms/*', refuse);
  app.all('/admin/serverinfo', refuse);

  async function refuse(request: FastifyRequest): Promise<never> {
    const token = bearerOf(request) ?? '';
    const own = realms.find(realmIn(token));
    const issuer = `${ownOrigin(request)}/realms/${encodeURIComponent(own?.realm.name ?? '')}`;
    const reading = own && (await readToken(own, token, issuer, ['Bearer']));
    if (reading === undefined || 'problem' in reading) throw new Fault(401, 'HTTP 401 Unauthorized');
    const asked = /^\/admin\/realms\/([^/?]+)/.exec(request.url)?.[1];
    if (asked !== undefined && realms.find(decodeURIComponent(asked)) === undefined) {
      throw new Fault(404, 'Realm not found.');
    }
    throw new Fault(403, 'HTTP 403 Forbidden');
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
