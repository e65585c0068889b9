import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { AdminError, toAdminError } from '../admin-error.ts';
import type { AudienceGoal } from './goal.ts';

/** What is there now, as far as the audience of tokens needs it. */
export interface AudienceState {
  readonly api: ClientRepresentation | undefined;
  /** Those that are there, by client id. */
  readonly callers: ReadonlyMap<string, CallerState>;
}

export interface CallerState {
  readonly client: ClientRepresentation;
  /** Mappers of the client and of its default client scopes. */
  readonly mappers: readonly ProtocolMapperRepresentation[];
  /** Mappers of the client scopes that it may ask for. */
  readonly askable: readonly ProtocolMapperRepresentation[];
}

/**
 * Reads what is there now. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm is not there
 */
export async function readAudience(api: AdminClient, goal: AudienceGoal): Promise<AudienceState> {
  const { realm, clientId } = goal;
  const byId = async (wanted: string) =>
    (await api.clients.find({ realm, clientId: wanted })).find((one) => one.clientId === wanted);
  try {
    if (!(await api.realms.findOne({ realm }))) {
      throw new AdminError('missing', 404, `There is no realm ${realm}: look at --realm`);
    }
    const [own, scopes, callers] = await Promise.all([
      byId(clientId),
      api.clientScopes.find({ realm }),
      Promise.all(goal.callers.map(byId)),
    ]);
    const inScopes = (names: readonly string[] = []) =>
      scopes.filter(({ name }) => names.includes(name ?? '')).flatMap((scope) => scope.protocolMappers ?? []);
    const toState = (client: ClientRepresentation): CallerState => ({
      client,
      mappers: [...(client.protocolMappers ?? []), ...inScopes(client.defaultClientScopes)],
      askable: inScopes(client.optionalClientScopes),
    });
    const found = callers.flatMap((client): [string, CallerState][] =>
      client?.clientId === undefined ? [] : [[client.clientId, toState(client)]],
    );
    return { api: own, callers: new Map(found) };
  } catch (error) {
    throw toAdminError(error, 'see the clients');
  }
}
