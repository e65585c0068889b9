import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { bearerOf } from '../http/bearer.ts';
import { ownOrigin } from '../http/issuer.ts';
import type { Provider } from '../provider.ts';
import { readToken } from '../tokens/read-access-token.ts';

/**
 * There is no admin API. Calls are refused as by Keycloak's: 401 without a valid token, 403 with one, because nobody here
 * has a role of `realm-management`.
 */
export function addAdmin(app: FastifyInstance, provider: Provider): void {
  const { realm } = provider;
  app.all('/admin/realms', refuse);
  app.all('/admin/realms/*', refuse);
  app.all('/admin/serverinfo', refuse);

  async function refuse(request: FastifyRequest): Promise<never> {
    const issuer = `${ownOrigin(request)}/realms/${encodeURIComponent(realm.name)}`;
    const reading = await readToken(provider, bearerOf(request) ?? '', issuer, ['Bearer']);
    if ('problem' in reading) throw new Fault(401, 'HTTP 401 Unauthorized');
    const asked = /^\/admin\/realms\/([^/?]+)/.exec(request.url)?.[1];
    if (asked !== undefined && asked !== encodeURIComponent(realm.name)) {
      throw new Fault(404, 'Realm not found.');
    }
    throw new Fault(403, 'HTTP 403 Forbidden');
  }
}
