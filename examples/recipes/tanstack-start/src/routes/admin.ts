import { createFileRoute } from '@tanstack/react-router';
import { kc } from '../server/keycloak.ts';

const admin = kc.guard({ realmRole: 'admin' }, () => Response.json({ secret: 42 }));

export const Route = createFileRoute('/admin')({
  server: { handlers: { GET: ({ request }) => admin(request) } },
});
