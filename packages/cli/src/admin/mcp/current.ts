import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ComponentRepresentation from '@keycloak/keycloak-admin-client/lib/defs/componentRepresentation.js';
import { AdminError, toAdminError } from '../admin-error.ts';
import { MCP_CLIENT_ID, type McpGoal } from './goal.ts';

/** What is there now, as far as an MCP server needs it. */
export interface McpState {
  readonly server: ClientRepresentation | undefined;
  readonly program: ClientRepresentation | undefined;
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Names of the scopes that new clients get, by default or where they ask. */
  readonly offered: readonly string[];
  /** The policy that says from where clients may register without a token. */
  readonly trustedHosts: ComponentRepresentation | undefined;
}

const POLICY = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';

/**
 * Reads what is there now. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm is not there
 */
export async function readMcp(api: AdminClient, goal: McpGoal): Promise<McpState> {
  const { realm, url } = goal;
  const byId = async (clientId: string) =>
    (await api.clients.find({ realm, clientId })).find((one) => one.clientId === clientId);
  try {
    if (!(await api.realms.findOne({ realm }))) {
      throw new AdminError('missing', 404, `There is no realm ${realm}: run setup without --mcp first`);
    }
    // The types of these two know nothing of the realm.
    const [server, program, scopes, optional, byDefault, policies] = await Promise.all([
      byId(url),
      byId(MCP_CLIENT_ID),
      api.clientScopes.find({ realm }),
      api.clientScopes.listDefaultOptionalClientScopes({ realm } as never),
      api.clientScopes.listDefaultClientScopes({ realm } as never),
      goal.registration ? api.components.find({ realm, type: POLICY }) : [],
    ]);
    return {
      server,
      program,
      scopes: scopes.filter(({ name = '' }) => goal.scopes.includes(name)),
      offered: [...optional, ...byDefault].map(({ name = '' }) => name),
      trustedHosts: policies.find(
        ({ providerId, subType }) => providerId === 'trusted-hosts' && subType === 'anonymous',
      ),
    };
  } catch (error) {
    throw toAdminError(error, `see what the realm ${realm} holds`);
  }
}
