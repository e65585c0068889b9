import { fastify } from 'fastify';
import keycloakGuard from '../../../packages/guard/dist/adapters/fastify/index.js';
import { answerSchema, CLIENT_ID, PORT, REALM, SERVER_URL } from './settings.mjs';

const app = fastify();
await app.register(keycloakGuard, {
  serverUrl: SERVER_URL,
  realm: REALM,
  clientId: CLIENT_ID,
  tokenCheck: process.env.TOKEN_CHECK,
  ...(process.env.DPOP && { dpop: JSON.parse(process.env.DPOP) }),
});
app.get('/protected', { schema: answerSchema, onRequest: app.guard() }, ({ principal }) => ({
  preferred_username: principal.username,
  email: principal.email,
  full_name: principal.name,
}));
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
