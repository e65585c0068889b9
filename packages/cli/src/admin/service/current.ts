import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import { trying } from '../admin-error.ts';
import { findClient, findRealm } from '../look-up.ts';
import { audiencesOf } from '../plan/audiences.ts';
import type { ServiceGoal } from './goal.ts';

/** The current state, as far as calls between services need it. */
export interface ServiceState {
  readonly client: ClientRepresentation | undefined;
  /** Those of the called ones that are there, by client id. */
  readonly called: ReadonlyMap<string, ClientRepresentation>;
  readonly scopes: readonly ClientScopeRepresentation[];
  /** Names of the scopes that every new client gets, unasked. */
  readonly byDefault: readonly string[];
}

/**
 * Reads the current state. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm does not exist
 */
export async function readService(api: AdminClient, goal: ServiceGoal): Promise<ServiceState> {
  const { realm } = goal;
  const byId = (clientId: string) => findClient(api, realm, clientId);
  return trying('see the clients', async () => {
    await findRealm(api, realm);
    const [client, scopes, byDefault, called] = await Promise.all([
      byId(goal.clientId),
      api.clientScopes.find({ realm }),
      // Its type knows nothing of the realm.
      api.clientScopes.listDefaultClientScopes({ realm } as never),
      Promise.all(goal.calls.map(byId)),
    ]);
    const found = called.flatMap((one): [string, ClientRepresentation][] =>
      one?.clientId === undefined ? [] : [[one.clientId, one]],
    );
    return { client, called: new Map(found), scopes, byDefault: byDefault.map(({ name = '' }) => name) };
  });
}

/** The scopes of a client that bring a service into the audience: those that it always has, and those that it may ask for. */
export function scopesThatBring(
  { scopes }: Pick<ServiceState, 'scopes'>,
  { defaultClientScopes = [], optionalClientScopes = [] }: ClientRepresentation,
  called: string,
): { readonly always: string[]; readonly asked: string[] } {
  const names = scopes
    .filter(({ protocolMappers }) => audiencesOf(protocolMappers).includes(called))
    .map(({ name = '' }) => name);
  return {
    always: names.filter((name) => defaultClientScopes.includes(name)),
    asked: names.filter((name) => optionalClientScopes.includes(name)),
  };
}
