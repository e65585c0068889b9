import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Realm } from '../realm/realm.ts';
import type { UserRepresentation } from '../realm/representation.ts';
import { stableId } from '../realm/stable-id.ts';
import type { User } from '../realm/user.ts';
import type { Session } from '../sessions/sessions.ts';

/** An act of an administrator. Times are in milliseconds since 1970. */
export interface AdminEvent {
  readonly id: string;
  readonly time: number;
  readonly realmId: string;
  readonly authDetails: Readonly<Record<string, string>>;
  readonly operationType: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION';
  readonly resourceType: string;
  /** None for the realm itself. */
  readonly resourcePath?: string | undefined;
  /** JSON of the change, if the realm keeps details. */
  readonly representation?: string;
}

/** An act of a person or a client. Times are in milliseconds since 1970. */
export interface UserEvent {
  readonly id: string;
  readonly time: number;
  readonly type: UserEventType;
  readonly realmId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly sessionId?: string;
  readonly ipAddress: string;
  readonly details: Readonly<Record<string, string>>;
}

type UserEventType = 'LOGIN' | 'LOGOUT' | 'REVOKE_GRANT';

/** The events of a realm, newest first, as long as its settings keep them. */
type EventLog = ReturnType<typeof createEventLog>;

/** Nobody reads more, and a test that runs for hours must not grow for ever. */
const MOST = 10_000;

export function createEventLog(realm: Realm, clock: Clock) {
  const realmId = stableId('realm', realm.name);
  const byAdmins: AdminEvent[] = [];
  const byUsers: UserEvent[] = [];
  const about = () => ({ id: randomUUID(), time: clock.now(), realmId });
  const keep = <Kind>(events: Kind[], event: Kind) => {
    events.unshift(event);
    events.splice(MOST);
  };
  /** @param seconds how long events are kept; 0: for ever */
  const current = <Kind extends { time: number }>(events: readonly Kind[], seconds: unknown): Kind[] => {
    const age = Number(seconds ?? 0) * 1000;
    return events.filter(({ time }) => age <= 0 || time + age > clock.now());
  };

  return {
    recordAdmin(
      operationType: AdminEvent['operationType'],
      resourceType: string,
      resourcePath?: string,
      change?: unknown,
    ): void {
      const { adminEventsEnabled, adminEventsDetailsEnabled } = realm.settings;
      if (adminEventsEnabled !== true) return;
      const hasDetails = adminEventsDetailsEnabled === true && change !== undefined;
      keep(byAdmins, {
        ...about(),
        // The administrator of this provider is the test.
        authDetails: { realmId, ipAddress: '127.0.0.1' },
        ...{ operationType, resourceType, resourcePath },
        ...(hasDetails ? { representation: JSON.stringify(change) } : {}),
      });
    },
    recordUser(event: Omit<UserEvent, 'id' | 'time' | 'realmId'>): void {
      const { eventsEnabled, enabledEventTypes = [] } = realm.settings;
      const isEnabled = enabledEventTypes.length === 0 || enabledEventTypes.includes(event.type);
      if (eventsEnabled === true && isEnabled) keep(byUsers, { ...about(), ...event });
    },
    adminEvents: () => current(byAdmins, realm.settings.attributes?.adminEventsExpiration),
    userEvents: () => current(byUsers, realm.settings.eventsExpiration),
  };
}

/** A person signed in to a client, or out. */
export function recordSession(
  { events }: { readonly events: EventLog },
  type: 'LOGIN' | 'LOGOUT',
  request: FastifyRequest,
  { id, userId }: Session,
  clientId: string,
): void {
  events.recordUser({ type, clientId, userId, sessionId: id, ipAddress: request.ip, details: {} });
}

/** Records a change of a user as Keycloak's admin console makes it: one call for each kind of change. */
export function recordUserChange(
  events: EventLog,
  realm: Realm,
  before: User,
  { realmRoles, groups, credentials, ...rest }: Partial<UserRepresentation>,
): void {
  const resourcePath = `users/${before.id}`;
  if (Object.keys(rest).length > 0) events.recordAdmin('UPDATE', 'USER', resourcePath, rest);
  if (credentials !== undefined) events.recordAdmin('ACTION', 'USER', `${resourcePath}/reset-password`);
  for (const [operationType, names] of differences(before.representation.realmRoles, realmRoles)) {
    const change = names.map((name) => ({ id: stableId(realm.name, 'role', name), name, clientRole: false }));
    events.recordAdmin(operationType, 'REALM_ROLE_MAPPING', `${resourcePath}/role-mappings/realm`, change);
  }
  for (const [operationType, paths] of differences(before.representation.groups, groups)) {
    for (const path of paths) {
      const id = stableId(realm.name, 'group', path);
      const change = { id, name: path.split('/').at(-1), path };
      events.recordAdmin(operationType, 'GROUP_MEMBERSHIP', `${resourcePath}/groups/${id}`, change);
    }
  }
}

/** The added and the removed entries. None, if the list is not part of the change. */
function differences(before: readonly string[] = [], after: readonly string[] | undefined) {
  if (after === undefined) return [];
  const added = after.filter((one) => !before.includes(one));
  const taken = before.filter((one) => !after.includes(one));
  const all = [
    ['CREATE', added],
    ['DELETE', taken],
  ] as const;
  return all.filter(([, names]) => names.length > 0);
}
