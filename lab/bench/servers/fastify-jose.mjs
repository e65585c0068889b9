// Fastify and jose, as jose's documentation shows it: no cache of tokens.
import { fastify } from 'fastify';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { answerSchema, CLIENT_ID, issuer, PORT, toAnswer } from './settings.mjs';

const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`));
const app = fastify();
app.decorateRequest('claims', null);
app.get(
  '/protected',
  {
    schema: answerSchema,
    onRequest: async (request, reply) => {
      try {
        const token = request.headers.authorization.slice('Bearer '.length);
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience: CLIENT_ID,
          algorithms: ['RS256'],
          clockTolerance: 5,
        });
        request.claims = payload;
      } catch {
        return reply.code(401).send({ detail: 'Could not validate credentials' });
      }
    },
  },
  (request) => toAnswer(request.claims),
);
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
