import type { Blocked, Change, Plan, Step } from '../plan/step.ts';
import { type EventsGoal, type EventsState, MANAGEMENT, ROLE } from './current.ts';

export type EventsAction =
  | { readonly type: 'keep-events'; readonly patch: object; readonly attributes: Record<string, string> }
  | { readonly type: 'enable-service-account' }
  | { readonly type: 'grant-view-events' };

/** What a follower of events cannot do without, and what applications hear of beside it. */
const TYPES = [
  ...['LOGOUT', 'REVOKE_GRANT', 'REGISTER', 'IDENTITY_PROVIDER_FIRST_LOGIN'],
  ...['UPDATE_PROFILE', 'UPDATE_EMAIL', 'VERIFY_EMAIL', 'DELETE_ACCOUNT'],
];
/** Those that not every version of Keycloak knows. */
const LATER_TYPES = ['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'USER_SESSION_DELETED'];
/** Long enough for a weekend without the API. Unit: seconds. */
const KEPT = 7 * 86_400;
/** Whoever was away for longer has missed something. Unit: seconds. */
const SHORTEST = 3_600;

/** Keeps what has to be heard, and lets the service account read it. What is kept longer, or beside it, stays. */
export function planEvents(state: EventsState, goal: EventsGoal): Plan<EventsAction> {
  const { client } = state;
  const subject = `client ${goal.clientId}`;
  const blocked = whyBlocked(state, subject);
  if (blocked !== undefined) return { steps: [], kept: [], blocked: [blocked] };
  const steps: Step<EventsAction>[] = keepEvents(state, goal.realm);
  if (!client?.serviceAccountsEnabled) {
    steps.push({
      kind: 'change',
      subject,
      changes: [{ field: 'Service accounts roles', from: 'off', to: 'on' }],
      opens: [`${goal.clientId} can get tokens in its own name, with the roles of its service account`],
      action: { type: 'enable-service-account' },
    });
  }
  if (!state.mayRead) {
    steps.push({
      kind: 'change',
      subject,
      changes: [{ field: 'Service account roles', from: '', to: `+ ${MANAGEMENT} ${ROLE}` }],
      opens: [
        `${goal.clientId} can read the events of the realm (${ROLE}): who logs in and out, what administrators change`,
      ],
      action: { type: 'grant-view-events' },
    });
  }
  return { steps, kept: steps.length === 0 ? [`realm ${goal.realm}`, subject] : [], blocked: [] };
}

function whyBlocked({ client }: EventsState, subject: string): Blocked | undefined {
  if (client === undefined) {
    return { subject, why: 'there is no such client', fix: 'Look at --client-id, or run setup api first' };
  }
  if (!client.publicClient && !client.bearerOnly) return undefined;
  const why = 'it has no credential, and events are read with a token of its own';
  return { subject, why, fix: 'Give the API a client with a credential: setup api' };
}

function keepEvents({ realm, knownTypes }: EventsState, name: string): Step<EventsAction>[] {
  const patch: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  const changes: Change[] = [];
  const days = `${KEPT / 86_400} days`;
  const turnOn = (field: string, setting: string, isOn: boolean | undefined) => {
    if (isOn) return;
    patch[setting] = true;
    changes.push({ field, from: 'off', to: 'on' });
  };
  turnOn('Save admin events', 'adminEventsEnabled', realm.adminEventsEnabled);
  turnOn('Include representation', 'adminEventsDetailsEnabled', realm.adminEventsDetailsEnabled);
  turnOn('Save user events', 'eventsEnabled', realm.eventsEnabled);

  const given = realm.enabledEventTypes ?? [];
  const types = [...TYPES, ...LATER_TYPES.filter((type) => knownTypes.includes(type))];
  const missing = types.filter((type) => !given.includes(type));
  // A list that nobody has chosen has every login in it.
  const wanted = realm.eventsEnabled ? [...given, ...missing] : types;
  const isWhole = realm.eventsEnabled && (given.length === 0 || missing.length === 0);
  if (!isWhole) {
    patch.enabledEventTypes = wanted;
    const to = realm.eventsEnabled ? `+ ${missing.join(', ')}` : types.join(', ');
    changes.push({ field: 'Event saved types', from: '', to });
  }
  // For ever, where somebody has chosen to keep them for ever.
  const isShort = (seconds: number, isOn: boolean | undefined) =>
    isOn ? seconds > 0 && seconds < SHORTEST : seconds < SHORTEST;
  const userSeconds = realm.eventsExpiration ?? 0;
  if (isShort(userSeconds, realm.eventsEnabled)) {
    patch.eventsExpiration = KEPT;
    changes.push({ field: 'User events expiration', from: toTime(userSeconds), to: days });
  }
  const adminSeconds = Number(realm.attributes?.adminEventsExpiration ?? 0);
  if (isShort(adminSeconds, realm.adminEventsEnabled)) {
    attributes.adminEventsExpiration = String(KEPT);
    changes.push({ field: 'Admin events expiration', from: toTime(adminSeconds), to: days });
  }
  if (changes.length === 0) return [];
  const isDetailed = realm.adminEventsEnabled && realm.adminEventsDetailsEnabled;
  const opens = [
    ...(isDetailed
      ? []
      : ['whoever may view events sees what administrators change, names and addresses of users among it']),
  ];
  return [
    {
      kind: 'change',
      subject: `realm ${name}`,
      changes,
      opens,
      action: { type: 'keep-events', patch, attributes },
    },
  ];
}

function toTime(seconds: number): string {
  return seconds === 0 ? 'never' : `${seconds} s`;
}
