import type { FastifyInstance } from 'fastify';
import { endSession } from '../end-session.ts';
import { bearerOf } from '../http/bearer.ts';
import { issuerOf } from '../http/issuer.ts';
import { readToken } from '../tokens/read-access-token.ts';

/** The call of Keycloak's account API by which users end a session of their own. */
export function addAccountSessions(app: FastifyInstance): void {
  app.delete('/account/sessions/:id', { config: { endpoint: 'logout' } }, async (request, reply) => {
    const { provider } = request;
    const token = bearerOf(request) ?? '';
    const reading = await readToken(provider, token, issuerOf(request), ['Bearer']);
    const audience = 'claims' in reading ? [reading.claims.aud].flat() : [];
    if ('problem' in reading || !audience.includes('account')) {
      return reply.code(401).send({ error: 'HTTP 401 Unauthorized' });
    }
    const access = reading.claims.resource_access as { account?: { roles?: string[] } } | undefined;
    if (!access?.account?.roles?.includes('manage-account')) {
      return reply.code(403).send({ error: 'HTTP 403 Forbidden' });
    }
    const { id } = request.params as { id: string };
    const session = provider.sessions.find(id);
    if (session?.userId === reading.user.id) await endSession(provider, session, issuerOf(request));
    return reply.code(204).send();
  });
}
