import type { Check } from '../../check.ts';
import { mcpDoor } from './door.ts';
import { KEYCLOAK_CHECKS } from './keycloak.ts';
import { SERVER_CHECKS } from './server.ts';

/** The steps of an MCP client in order, then the settings that only an admin sees. */
export const MCP_CHECKS: readonly Check[] = [...SERVER_CHECKS, mcpDoor, ...KEYCLOAK_CHECKS];
