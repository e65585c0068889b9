// Keycloak reports that a session ended.
import { createFileRoute } from '@tanstack/react-router';
import { kc } from '../server/keycloak.ts';

export const Route = createFileRoute('/backchannel-logout')({
  server: { handlers: { POST: ({ request }) => kc.handlers.POST(request) } },
});
