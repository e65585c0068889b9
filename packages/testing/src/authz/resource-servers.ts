import type { AuthorizationSettings } from '../realm/authorization-settings.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { Ticket } from './model.ts';
import { type ReadSettings, readSettings } from './read-settings.ts';

/** A client with authorization services: its settings, and what the protection API added. */
export interface ResourceServer extends ReadSettings {
  /** The client's `clientId` on the wire. */
  readonly name: string;
  readonly tickets: Map<string, Ticket>;
}

export type ResourceServers = ReturnType<typeof createResourceServers>;

/** Registered resources last until the client gets other settings, or the provider ends. */
export function createResourceServers(realm: Realm) {
  const known = new Map<string, { settings: unknown; server: ResourceServer }>();
  return {
    /** `undefined` if the client has no authorization services. */
    of({ id, clientId, representation, isPublic }: Client): ResourceServer | undefined {
      if (representation.authorizationServicesEnabled !== true || isPublic) {
        known.delete(clientId);
        return undefined;
      }
      const settings = representation.authorizationSettings;
      const before = known.get(clientId);
      if (before !== undefined && before.settings === settings) return before.server;
      const read = readSettings(settings ?? ({} as AuthorizationSettings), {
        clientId: id,
        userId: (named) => (realm.userById(named) ?? realm.userByName(named))?.id,
      });
      const server = { ...read, name: clientId, tickets: new Map() };
      known.set(clientId, { settings, server });
      return server;
    },
  };
}
