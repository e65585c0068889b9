import Fastify, { type FastifyReply, type FastifyRequest, type RouteHandlerMethod } from 'fastify';
import keycloakGuard from 'keycloak-guard/fastify';

interface Order {
  readonly item: string;
  readonly count: number;
}

const app = Fastify();
await app.register(keycloakGuard, {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
});
const onRequest = app.guard({ realmRole: 'user' });

app.post<{ Body: Order }>('/orders', { onRequest }, (request, reply) => {
  const count: number = request.body.count;
  reply.code(201).send({ count, by: request.principal?.username });
});
app.get<{ Params: { id: string }; Querystring: { tab?: string } }>(
  '/orders/:id',
  { onRequest },
  async (request) => ({ id: request.params.id, tab: request.query.tab }),
);
const show: RouteHandlerMethod = async (request) => request.principal;
app.get('/who', { onRequest }, show);
async function list(request: FastifyRequest<{ Querystring: { page: string } }>, reply: FastifyReply) {
  return reply.send({ page: request.query.page });
}
app.get<{ Querystring: { page: string } }>('/list', { onRequest: [onRequest] }, list);
// @ts-expect-error A body is not any.
app.post<{ Body: Order }>('/wrong', { onRequest }, (request) => request.body.missing);
