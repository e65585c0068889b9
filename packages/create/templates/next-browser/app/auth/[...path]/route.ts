// Login, callback, session, logout.
import { kc } from '../../../lib/keycloak.ts';

export const { GET, POST } = kc.handlers;
