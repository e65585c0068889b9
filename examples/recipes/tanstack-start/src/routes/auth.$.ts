// Login, callback, session, logout.
import { createFileRoute } from '@tanstack/react-router';
import { kc } from '../server/keycloak.ts';

export const Route = createFileRoute('/auth/$')({
  server: {
    handlers: {
      GET: ({ request }) => kc.handlers.GET(request),
      POST: ({ request }) => kc.handlers.POST(request),
    },
  },
});
