import { toShellWord } from '../../../terminal/shell-word.ts';
import { check, type Finding, fail, ok, skipped } from '../../check.ts';
import type { McpDoor } from '../../evidence/mcp.ts';
import { evidenceOf } from './server.ts';

/** Whether the admin's password may go to the Keycloak that the server names. The server may be anybody's. */
export const mcpDoor = check('mcp.keycloak', ['mcp.metadata'], async (context) =>
  judge(await evidenceOf(context).door()),
);

function judge(door: McpDoor): Finding {
  switch (door.is) {
    case 'open':
      return ok(`${door.serverUrl}, realm ${door.realm}`);
    case 'no-admin':
      return skipped('needs an admin (--admin-user)');
    case 'no-realm':
      return fail(
        `the server names ${door.named}`,
        'That is no realm of a Keycloak, and the password of the admin is sent to no other address',
        'Look at authorization_servers in its metadata: kc.mcp writes the issuer of the realm there.',
      );
    case 'elsewhere':
      return fail(
        `the server names ${door.named}, and KEYCLOAK_SERVER_URL is ${door.configured}`,
        'The two are not the same Keycloak. The password of the admin goes to the configured one alone: a server that names another may be after it',
        `If ${door.named} is your Keycloak, set KEYCLOAK_SERVER_URL to it. If not, correct serverUrl of the MCP server.`,
      );
    case 'unconfirmed':
      return fail(
        `the server names ${door.named}, and no Keycloak is configured`,
        'The password of the admin is sent to no address that only the MCP server names',
        `If that is your Keycloak: KEYCLOAK_SERVER_URL=${toShellWord(door.named)}`,
      );
  }
}
