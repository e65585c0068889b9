import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Realm } from '../realm/realm.ts';
import { stableId } from '../realm/stable-id.ts';

/** What an administrator did. Times are in milliseconds since 1970. */
export interface AdminEvent {
  readonly id: string;
  readonly time: number;
  readonly realmId: string;
  readonly authDetails: Readonly<Record<string, string>>;
  readonly operationType: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION';
  readonly resourceType: string;
  /** None for the realm itself. */
  readonly resourcePath?: string;
  /** JSON of the change, if the realm keeps details. */
  readonly representation?: string;
}

/** What a person or a client did. Times are in milliseconds since 1970. */
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

export type UserEventType = 'LOGIN' | 'LOGOUT' | 'REVOKE_GRANT';

/** The events of a realm, newest first, as long as its settings keep them. */
export type EventLog = ReturnType<typeof createEventLog>;

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
    recordAdmin(event: Omit<AdminEvent, 'id' | 'time' | 'realmId' | 'authDetails'>, change?: unknown): void {
      const { adminEventsEnabled, adminEventsDetailsEnabled } = realm.settings;
      if (adminEventsEnabled !== true) return;
      const hasDetails = adminEventsDetailsEnabled === true && change !== undefined;
      keep(byAdmins, {
        ...about(),
        // The administrator of this provider is the test.
        authDetails: { realmId, ipAddress: '127.0.0.1' },
        ...event,
        ...(hasDetails ? { representation: JSON.stringify(change) } : {}),
      });
    },
    recordUser(event: Omit<UserEvent, 'id' | 'time' | 'realmId'>): void {
      const { eventsEnabled, enabledEventTypes = [] } = realm.settings;
      const isWanted = enabledEventTypes.length === 0 || enabledEventTypes.includes(event.type);
      if (eventsEnabled === true && isWanted) keep(byUsers, { ...about(), ...event });
    },
    adminEvents: () => current(byAdmins, realm.settings.attributes?.adminEventsExpiration),
    userEvents: () => current(byUsers, realm.settings.eventsExpiration),
  };
}
