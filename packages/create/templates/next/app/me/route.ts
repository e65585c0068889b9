import { kc } from '../../lib/keycloak.ts';

export const GET = kc.guard({}, (_request, { principal }) => Response.json({ hello: principal.username }));
