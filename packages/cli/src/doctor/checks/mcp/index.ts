import type { Check } from '../../check.ts';
import { KEYCLOAK_CHECKS } from './keycloak.ts';
import { SERVER_CHECKS } from './server.ts';

/** What an MCP client meets, in the order in which it does; and then what an admin sees. */
export const MCP_CHECKS: readonly Check[] = [...SERVER_CHECKS, ...KEYCLOAK_CHECKS];
