import { createFileRoute } from '@tanstack/react-router';
import { kc } from '../server/keycloak.ts';

const me = kc.guard({}, (_request, { principal }) => Response.json({ hello: principal.username }));

export const Route = createFileRoute('/me')({
  server: { handlers: { GET: ({ request }) => me(request) } },
});
