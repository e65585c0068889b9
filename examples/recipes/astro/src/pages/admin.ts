import type { APIRoute } from 'astro';
import { kc } from '../lib/keycloak.ts';

const admin = kc.guard({ realmRole: 'admin' }, () => Response.json({ secret: 42 }));

export const GET: APIRoute = ({ request }) => admin(request);
