// @fastify/jwt and get-jwks, as get-jwks' documentation shows it.
import jwt from '@fastify/jwt';
import { fastify } from 'fastify';
import buildGetJwks from 'get-jwks';
import { answerSchema, CLIENT_ID, issuer, PORT, toAnswer } from './settings.mjs';

const getJwks = buildGetJwks({ issuersWhitelist: [`${issuer}/`, issuer], providerDiscovery: true });
const app = fastify();
await app.register(jwt, {
  decode: { complete: true },
  secret: (_request, { header: { kid, alg } }) => getJwks.getPublicKey({ kid, domain: issuer, alg }),
  verify: { allowedIss: issuer, allowedAud: CLIENT_ID, algorithms: ['RS256'] },
});
app.get('/protected', { schema: answerSchema, onRequest: (request) => request.jwtVerify() }, (request) =>
  toAnswer(request.user),
);
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
