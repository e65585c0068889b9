import { kc } from '../lib/server/keycloak.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = ({ locals: { principal } }) => ({
  username: principal?.username ?? null,
  isAdmin: kc.has(principal, { realmRole: 'admin' }),
});
