import { defineMiddleware } from 'astro:middleware';
import { kc } from './lib/keycloak.ts';

export const onRequest = defineMiddleware(async ({ request }, next) => {
  // Login, callback, session, logout, and Keycloak's back-channel logout.
  const answer = await kc.handle(request);
  if (answer) return answer;
  // Astro's own check, for forms to all other routes.
  const isJson = /^application\/json\b/i.test(request.headers.get('content-type') ?? '');
  const isOurs = request.headers.get('origin') === new URL(process.env.PUBLIC_URL ?? request.url).origin;
  if (request.method === 'POST' && !isJson && !isOurs) return new Response('Not from here', { status: 403 });
  return next();
});
