// The documents behind Fastify.
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import keycloakGuard, { keycloakPermissions } from 'keycloak-guard/fastify';
import { type Act, CREATE, createDocuments, type DocumentsOptions, registerAt } from './documents.ts';

type ById = FastifyRequest<{ Params: { id: string } }>;

export async function buildServer(options: DocumentsOptions): Promise<FastifyInstance> {
  const { permissionSeconds = 30, ...realm } = options;
  const app = Fastify();
  await app.register(keycloakGuard, realm);
  await app.register(keycloakPermissions, { clientSecret: options.clientSecret, permissionSeconds });
  const issuer = `${options.serverUrl}/realms/${options.realm}`;
  const documents = createDocuments(app.permissions, registerAt(issuer));

  /** The owner, whoever it is shared with, and admins; to everybody else it is not there. */
  const may = (act: Act) => ({
    onRequest: [
      app.guard(),
      app.permit((request) => documents.ruleFor((request as ById).params.id, act), {
        hide: true,
        owner: (request) => documents.ownerOf((request as ById).params.id),
      }),
    ],
  });
  const signedIn = { onRequest: app.guard() };

  app.get('/documents', signedIn, ({ principal }) => documents.list(principal as never));
  app.post('/documents', { onRequest: [app.guard(), app.permit(CREATE)] }, async (request, reply) => {
    const token = await app.accessToken(request);
    reply.code(201);
    return documents.create(request.principal as never, String(token), request.body);
  });
  app.get(
    '/documents/:id',
    may('view'),
    (request: ById, reply) => documents.find(request.params.id) ?? reply.callNotFound(),
  );
  app.put(
    '/documents/:id',
    may('edit'),
    (request: ById, reply) => documents.change(request.params.id, request.body) ?? reply.callNotFound(),
  );
  app.delete('/documents/:id', may('administer'), (request: ById, reply) =>
    documents.remove(request.params.id) ? reply.code(204).send() : reply.callNotFound(),
  );

  // Who owns it, Keycloak says.
  app.get('/documents/:id/shares', signedIn, (request) => {
    const { principal, params } = request as ById;
    return documents.sharesOf(principal as never, params.id);
  });
  app.put('/documents/:id/shares', signedIn, async (request, reply) => {
    const { principal, params, body } = request as ById;
    await documents.share(principal as never, params.id, body);
    return reply.code(204).send();
  });
  app.delete('/documents/:id/shares', signedIn, async (request, reply) => {
    const { principal, params, body } = request as ById;
    await documents.unshare(principal as never, params.id, body);
    return reply.code(204).send();
  });
  return app;
}
