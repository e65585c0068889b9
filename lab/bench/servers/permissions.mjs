// The plugin's guard, with a permission behind it and without.
import { fastify } from 'fastify';
import keycloakGuard, { keycloakPermissions } from '../../../packages/guard/dist/adapters/fastify/index.js';
import { answerSchema, CLIENT_ID, PORT, REALM, SERVER_URL } from './settings.mjs';

const app = fastify();
await app.register(keycloakGuard, { serverUrl: SERVER_URL, realm: REALM, clientId: CLIENT_ID });
// What answers cost when they are new, the questions count.
await app.register(keycloakPermissions, { clientSecret: 'only-for-the-benchmark', permissionSeconds: 3600 });
const answer = ({ principal }) => ({
  preferred_username: principal.username,
  email: principal.email,
  full_name: principal.name,
});
const get = (path, ...onRequest) => app.get(path, { schema: answerSchema, onRequest }, answer);
get('/protected', app.guard());
get('/permitted', app.guard(), app.permit('thing 0#view'));
get(
  '/things/:id',
  app.guard(),
  app.permit(({ params }) => `thing ${params.id}#view`),
);
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
