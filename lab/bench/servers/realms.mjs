// One API for tokens of several realms.
import { fastify } from 'fastify';
import keycloakGuard from '../../../packages/guard/dist/adapters/fastify/index.js';
import { combineVerifiers, createVerifier } from '../../../packages/guard/dist/core/index.js';
import { answerSchema, CLIENT_ID, PORT, REALM } from './settings.mjs';

const verifier = combineVerifiers(
  process.env.SERVER_URLS.split(' ').map((serverUrl) =>
    createVerifier({ serverUrl, realm: REALM, clientId: CLIENT_ID, issuer: `${serverUrl}/realms/${REALM}` }),
  ),
);
const app = fastify();
await app.register(keycloakGuard, { verifier });
app.get('/protected', { schema: answerSchema, onRequest: app.guard() }, ({ principal }) => ({
  preferred_username: principal.username,
  email: principal.email,
  full_name: principal.name,
}));
await verifier.load();
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
