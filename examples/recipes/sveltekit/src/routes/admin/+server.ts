import { json } from '@sveltejs/kit';
import { kc } from '../../lib/server/keycloak.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ request }) => {
  const found = await kc.decide(request, { realmRole: 'admin' });
  return found instanceof Response ? found : json({ secret: 42 });
};
