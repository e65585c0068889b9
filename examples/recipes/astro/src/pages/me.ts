import type { APIRoute } from 'astro';
import { kc } from '../lib/keycloak.ts';

const me = kc.guard({}, (_request, { principal }) => Response.json({ hello: principal.username }));

export const GET: APIRoute = ({ request }) => me(request);
