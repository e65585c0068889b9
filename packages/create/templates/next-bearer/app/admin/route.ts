import { kc } from '../../lib/keycloak.ts';

export const GET = kc.guard({ realmRole: 'admin' }, () => Response.json({ secret: 42 }));
