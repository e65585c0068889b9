import type AdminClient from '@keycloak/keycloak-admin-client';
import { trying } from './admin-error.ts';
import { toServiceClient } from './callers.ts';
import { findClient, findRealm } from './connection.ts';
import { completeClient } from './plan/complete-client.ts';
import {
  added,
  blockedPart,
  type Change,
  change,
  type Plan,
  type Step,
  switchedOn,
  toChange,
} from './plan/step.ts';

interface EventsGoal {
  readonly realm: string;
  readonly clientId: string;
}

export type EventsState = Awaited<ReturnType<typeof readEventsState>>;

/** The client whose roles are rights in a realm. */
const MANAGEMENT = 'realm-management';
const ROLE = 'view-events';

export async function readEventsState(api: AdminClient, goal: EventsGoal) {
  const { realm, clientId } = goal;
  return trying('see the events and the clients of the realm', async () => {
    const there = await findRealm(api, realm);
    const client = await findClient(api, realm, clientId);
    // An admin of one realm may not see it. Then the types that every version knows are enough.
    const info = await api.serverInfo.find().catch(() => undefined);
    const knownTypes = info?.enums?.eventType ?? [];
    const id = client?.serviceAccountsEnabled ? client.id : undefined;
    if (id === undefined) return { realm: there, client, knownTypes, mayRead: false };
    const account = await api.clients.getServiceAccountUser({ realm, id });
    const management = await findClient(api, realm, MANAGEMENT);
    const roles = await api.users.listCompositeClientRoleMappings({
      ...{ realm, id: account.id as string, clientUniqueId: management?.id as string },
    });
    return { realm: there, client, knownTypes, mayRead: roles.some(({ name }) => name === ROLE) };
  });
}

/** Types that a follower of events needs, and those that applications are notified of. */
const TYPES = [
  ...['LOGOUT', 'REVOKE_GRANT', 'REGISTER', 'IDENTITY_PROVIDER_FIRST_LOGIN'],
  ...['UPDATE_PROFILE', 'UPDATE_EMAIL', 'VERIFY_EMAIL', 'DELETE_ACCOUNT'],
];
/** Those that not every version of Keycloak knows. */
const LATER_TYPES = ['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'USER_SESSION_DELETED'];
/** Long enough for a weekend without the API. Unit: seconds. */
const KEPT = 7 * 86_400;
/** A follower that was away for longer has missed events. Unit: seconds. */
const SHORTEST = 3_600;

/** Keeps the needed events, and lets the service account read them. Other events, and longer times, stay. */
export function planEvents(state: EventsState, { realm, clientId }: EventsGoal): Plan {
  const subject = `client ${clientId}`;
  const { client } = state;
  if (client === undefined)
    return blockedPart(subject, 'there is no such client', 'Look at --client-id, or run setup api first');
  if (client.publicClient || client.bearerOnly) {
    const why = 'it has no credential, and events are read with a token of its own';
    return blockedPart(subject, why, 'Give the API a client with a credential: setup api');
  }
  const steps = keepEvents(state, realm);
  steps.push(...completeClient(client, toServiceClient(clientId)));
  if (!state.mayRead)
    steps.push(
      toChange(
        subject,
        [added('Service account roles', `${MANAGEMENT} ${ROLE}`)],
        { type: 'grant-service-role', client: clientId, of: MANAGEMENT, role: ROLE },
        [
          `${clientId} can read the events of the realm (${ROLE}): who logs in and out, what administrators change`,
        ],
      ),
    );
  return { steps, kept: steps.length === 0 ? [`realm ${realm}`, subject] : [], blocked: [] };
}

function keepEvents({ realm, knownTypes }: EventsState, name: string): Step[] {
  const patch: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  const changes: Change[] = [];
  const days = `${KEPT / 86_400} days`;
  const turnOn = (field: string, setting: string, isOn: boolean | undefined) => {
    if (isOn) return;
    patch[setting] = true;
    changes.push(switchedOn(field));
  };
  turnOn('Save admin events', 'adminEventsEnabled', realm.adminEventsEnabled);
  turnOn('Include representation', 'adminEventsDetailsEnabled', realm.adminEventsDetailsEnabled);
  turnOn('Save user events', 'eventsEnabled', realm.eventsEnabled);

  const enabledTypes = realm.enabledEventTypes ?? [];
  const types = [...TYPES, ...LATER_TYPES.filter((type) => knownTypes.includes(type))];
  const missing = types.filter((type) => !enabledTypes.includes(type));
  // Keycloak's default list has every login in it.
  const targetTypes = realm.eventsEnabled ? [...enabledTypes, ...missing] : types;
  const isWhole = realm.eventsEnabled && (enabledTypes.length === 0 || missing.length === 0);
  if (!isWhole) {
    patch.enabledEventTypes = targetTypes;
    const field = 'Event saved types';
    changes.push(realm.eventsEnabled ? added(field, ...missing) : change(field, types.join(', ')));
  }
  // 0 keeps them for ever, if a person switched them on.
  const isShort = (seconds: number, isOn: boolean | undefined) =>
    isOn ? seconds > 0 && seconds < SHORTEST : seconds < SHORTEST;
  const userSeconds = realm.eventsExpiration ?? 0;
  if (isShort(userSeconds, realm.eventsEnabled)) {
    patch.eventsExpiration = KEPT;
    changes.push(change('User events expiration', days, toTime(userSeconds)));
  }
  const adminSeconds = Number(realm.attributes?.adminEventsExpiration ?? 0);
  if (isShort(adminSeconds, realm.adminEventsEnabled)) {
    attributes.adminEventsExpiration = String(KEPT);
    changes.push(change('Admin events expiration', days, toTime(adminSeconds)));
  }
  if (changes.length === 0) return [];
  const isDetailed = realm.adminEventsEnabled && realm.adminEventsDetailsEnabled;
  const opens = isDetailed
    ? []
    : ['everybody who may view events sees what administrators change, with names and addresses of users'];
  return [toChange(`realm ${name}`, changes, { type: 'update-realm', patch, attributes }, opens)];
}

function toTime(seconds: number): string {
  return seconds === 0 ? 'never' : `${seconds} s`;
}
