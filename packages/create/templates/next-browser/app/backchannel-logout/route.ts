// Keycloak reports that a session ended.
import { kc } from '../../lib/keycloak.ts';

export const { POST } = kc.handlers;
