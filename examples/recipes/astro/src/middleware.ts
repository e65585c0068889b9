import { defineMiddleware } from 'astro:middleware';
import { kc } from './lib/keycloak.ts';

// Login, callback, session, logout, and Keycloak's back-channel logout.
export const onRequest = defineMiddleware(async ({ request }, next) => (await kc.handle(request)) ?? next());
