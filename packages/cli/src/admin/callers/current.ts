import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { trying } from '../admin-error.ts';
import { findClient, findRealm } from '../look-up.ts';
import { mappersOf } from '../plan/audiences.ts';
import type { CallersGoal } from './goal.ts';

/** The current state, as far as clients that call an API need it. */
export interface CallersState {
  readonly api: Pick<ClientRepresentation, 'defaultClientScopes' | 'optionalClientScopes'> | undefined;
  /** Those that are there, by client id. */
  readonly callers: ReadonlyMap<string, CallerState>;
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Names of client scopes that every new client may ask for. */
  readonly usual: readonly string[];
}

export interface CallerState {
  readonly client: ClientRepresentation;
  /** Mappers of the client and of its default client scopes. */
  readonly mappers: readonly ProtocolMapperRepresentation[];
  /** Mappers of the client scopes that it may ask for. */
  readonly askable: readonly ProtocolMapperRepresentation[];
}

/**
 * Reads the current state. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm does not exist
 */
export async function readCallers(api: AdminClient, goal: CallersGoal): Promise<CallersState> {
  const { realm, clientId } = goal;
  const byId = (wanted: string) => findClient(api, realm, wanted);
  return trying('see the clients', async () => {
    await findRealm(api, realm);
    const [own, scopes, usual, callers] = await Promise.all([
      byId(clientId),
      api.clientScopes.find({ realm }),
      api.clientScopes.listDefaultOptionalClientScopes({ realm } as never),
      Promise.all(goal.callers.map((caller) => byId(caller.clientId))),
    ]);
    const toState = (client: ClientRepresentation): CallerState => ({
      client,
      mappers: mappersOf(client, scopes),
      askable: mappersOf(client, scopes, 'optionalClientScopes'),
    });
    const found = callers.flatMap((client): [string, CallerState][] =>
      client?.clientId === undefined ? [] : [[client.clientId, toState(client)]],
    );
    return { api: own, callers: new Map(found), scopes, usual: usual.map(({ name }) => name ?? '') };
  });
}
