import type { Handle } from '@sveltejs/kit';
import { kc } from './lib/server/keycloak.ts';

export const handle: Handle = async ({ event, resolve }) => {
  // Login, callback, session, logout, and Keycloak's back-channel logout.
  const answer = await kc.handle(event.request);
  if (answer) return answer;
  // SvelteKit's own check, for forms to all other routes.
  const { method, headers } = event.request;
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '');
  if (method === 'POST' && !isJson && headers.get('origin') !== new URL(process.env.PUBLIC_URL ?? '').origin)
    return new Response('Other sites may not send this', { status: 403 });
  // Decide by the route, not by the URL: the router decodes what a comparison of URLs does not. The route of a remote function is
  // what its client says.
  const isOpen = !event.isRemoteRequest && !event.route.id?.startsWith('/(signed-in)');
  const found = await kc.decide(event.request, { optional: isOpen });
  if (found instanceof Response) return found;
  event.locals.principal = found;
  event.setHeaders({ 'cache-control': 'private' });
  return resolve(event);
};
