// What the guide does: Keycloak's userinfo is asked on every request.
import { fastify } from 'fastify';
import { answerSchema, issuer, PORT, toAnswer } from './settings.mjs';

const app = fastify();
app.get('/protected', { schema: answerSchema }, async (request, reply) => {
  const response = await fetch(`${issuer}/protocol/openid-connect/userinfo`, {
    headers: { authorization: request.headers.authorization },
  });
  if (!response.ok) return reply.code(401).send({ detail: 'Could not validate credentials' });
  return toAnswer(await response.json());
});
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
