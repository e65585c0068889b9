import { createHash } from 'node:crypto';
import { type ClientContext, toAuthError, toClient } from '../client/internal.ts';
import { AuthError, isAuthError } from '../core/index.ts';
import {
  describeAnswer,
  failureKindOf,
  fetchBounded,
  isId,
  readCompactJws,
  toJsonObject,
} from '../core/internal.ts';

/** Keycloak keeps what administrators do apart from what users and clients do. */
export type EventList = 'admin-events' | 'events';

/** One event of Keycloak, as far as it is read here. */
export interface KeycloakEvent {
  readonly id: string;
  /** By Keycloak's clock. Unit: milliseconds since 1970. */
  readonly time: number;
  readonly list: EventList;
  /** `UPDATE USER`; of a user event its type, for example `LOGOUT`. */
  readonly what: string;
  /** `users/<id>/logout`; empty for the realm, and for user events. */
  readonly path: string;
  /** The representation that an administrator sent; `undefined` if Keycloak does not keep it. */
  readonly details: unknown;
  /** Of a user event. */
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  /** `jti` of an access token that was revoked. */
  readonly tokenId: string | undefined;
}

/** @throws {AuthError} `provider_unavailable` unless it is a list of events */
function readEvents(list: EventList, body: string): KeycloakEvent[] {
  try {
    const all = JSON.parse(body) as unknown[];
    return all.map((one) => readEvent(list, Object(one) as Record<string, unknown>));
  } catch {
    throw new AuthError('provider_unavailable', 'Keycloak answered something else than a list of events');
  }
}

function readEvent(list: EventList, event: Record<string, unknown>): KeycloakEvent {
  const { time, type, operationType, resourceType } = event;
  // Before 26.4 they have no id. Two that are equal in all say the same.
  const { id = createHash('sha256').update(JSON.stringify(event)).digest('base64url').slice(0, 22) } = event;
  if (typeof id !== 'string' || !Number.isSafeInteger(time)) throw new TypeError('no event');
  return {
    ...{ id, time: time as number, list },
    what: list === 'events' ? String(type) : `${operationType} ${resourceType}`,
    path: toText(event.resourcePath) ?? '',
    details: toDetails(event.representation),
    userId: toText(event.userId),
    sessionId: toText(event.sessionId),
    tokenId: toText((Object(event.details) as Record<string, unknown>).token_id),
  };
}

function toDetails(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  // A role mapping is a list.
  const { list } = toJsonObject(`{"list":${text}}`) ?? {};
  return list;
}

function toText(value: unknown): string | undefined {
  return isId(value) && value !== '' ? value : undefined;
}

/** Keycloak's events of one realm, read with the application's own token. */
export interface EventSource {
  /**
   * The first events from a time on, in order of time.
   *
   * @param from Unit: milliseconds since 1970, by Keycloak's clock
   * @returns `isMore`: there may be later ones, too
   * @throws {AuthError} `provider_unavailable`, or `provider_misconfigured` if this client may not see them
   */
  read(list: EventList, from: number, most: number): Promise<{ events: KeycloakEvent[]; isMore: boolean }>;
  /** Whether Keycloak keeps the events that we need. @throws {AuthError} as `read` */
  isKept(): Promise<boolean>;
  /** Time now, by Keycloak's clock. Unit: milliseconds since 1970. */
  now(): number;
  /** How often Keycloak was called. */
  readonly calls: number;
}

/** The types to read from the list of users' events; most others are logins. */
const NEEDED = ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT'];
/** Needed as well, but Keycloak before 24 does not know it. */
const LOCKOUT = 'USER_DISABLED_BY_PERMANENT_LOCKOUT';
const USEFUL = [
  ...['REGISTER', 'IDENTITY_PROVIDER_FIRST_LOGIN', 'UPDATE_PROFILE', 'UPDATE_EMAIL', 'VERIFY_EMAIL'],
  ...[LOCKOUT, 'USER_SESSION_DELETED'],
];

/** Of a Keycloak that always begins with the newest. */
const OLD_PAGE = 50;
/** With more than that since a moment ago, the list has no end. */
export const MOST_FRESH = 50_000;

export function createEventSource(context: ClientContext, clock: () => number): EventSource {
  const token = toClient(context).serviceToken();
  const { issuer, timeoutMs, fetch } = context;
  const at = issuer.baseUrl.lastIndexOf('/realms/');
  const base = `${issuer.baseUrl.slice(0, at)}/admin${issuer.baseUrl.slice(at)}`;
  let types = NEEDED;
  let knowsLockout: boolean | undefined;
  // Before 26.4 Keycloak knows no times in a query, but days, and no order.
  let isOld = false;
  let calls = 0;
  let timed: string | undefined;
  // Until it is known: as if the clocks were equal.
  let aheadMs = 0;

  async function getToken(): Promise<string> {
    const current = await token.getAccessToken();
    if (current !== timed) {
      timed = current;
      // The second has begun, and may be over.
      const { iat } = readCompactJws(current).payload();
      if (typeof iat === 'number') aheadMs = iat * 1000 - clock();
    }
    return current;
  }

  async function send(path: string, accessToken: string) {
    calls++;
    return fetchBounded(`${base}/${path}`, {
      ...{ timeoutMs, fetch, what: 'events', secrets: [accessToken] },
      init: { headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' } },
    });
  }

  /** @param refusals statuses that are an answer, and no error */
  async function get(path: string, ...refusals: number[]): Promise<string> {
    try {
      let used = await getToken();
      let answer = await send(path, used);
      if (answer.status === 401) {
        // All sessions of the realm were ended, this client's token with them.
        token.drop(used);
        used = await getToken();
        answer = await send(path, used);
        if (answer.status === 401) token.drop(used);
      }
      if (answer.status === 200 || refusals.includes(answer.status)) return answer.body;
      const seen = describeAnswer(answer, [used]);
      if (answer.status !== 403)
        throw new AuthError('provider_unavailable', `Keycloak shows no events (${seen})`);
      throw new AuthError(
        'provider_misconfigured',
        `the client ${context.clientId} may not see Keycloak's events (${seen}): give its service account the role view-events`,
      );
    } catch (error) {
      throw toAuthError(error);
    }
  }

  async function read(list: EventList, from: number, most: number): ReturnType<EventSource['read']> {
    const size = isOld ? Math.min(most, OLD_PAGE) : most;
    const query = new URLSearchParams({
      ...(!isOld && { dateFrom: String(from), direction: 'asc' }),
      max: String(size),
    });
    if (list === 'events') for (const type of types) query.append('type', type);
    const body = await get(`${list}?${query}`, ...(isOld ? [] : [400]));
    if (!isOld && !body.startsWith('[')) {
      isOld = true;
      return read(list, from, most);
    }
    const events = readEvents(list, body);
    const isMore = events.length >= size;
    const [first, last] = [events[0]?.time ?? 0, events.at(-1)?.time ?? 0];
    if (!isOld && (first <= last || !isMore)) return { events: sort(events), isMore };
    // The newest come first, and those that come meanwhile shift the rest.
    const all = new Map(events.map((event) => [event.id, event]));
    for (let page = events; page.length >= size && (page.at(-1) as KeycloakEvent).time >= from; ) {
      query.set('first', String(Number(query.get('first') ?? 0) + size));
      page = readEvents(list, await get(`${list}?${query}`));
      const before = all.size;
      for (const event of page) all.set(event.id, event);
      if ((all.size === before && page.length >= size) || all.size > MOST_FRESH) throw endless();
    }
    return { events: sort([...all.values()].filter(({ time }) => time >= from)), isMore: false };
  }

  return {
    now: () => clock() + aheadMs,
    get calls() {
      return calls;
    },
    read,
    async isKept() {
      const config = toJsonObject(await get('events/config')) ?? {};
      const { adminEventsEnabled, eventsEnabled, enabledEventTypes } = config;
      const kept = Array.isArray(enabledEventTypes) ? (enabledEventTypes as unknown[]) : [];
      const isTypeKept = (type: string) => kept.length === 0 || kept.includes(type);
      types = kept.length === 0 ? NEEDED : [...NEEDED, ...USEFUL.filter(isTypeKept)];
      if (adminEventsEnabled !== true || eventsEnabled !== true || !NEEDED.every(isTypeKept)) return false;
      if (isTypeKept(LOCKOUT)) return true;
      // A type that it does not know is an error to Keycloak.
      knowsLockout ??= (await get(`events?type=${LOCKOUT}&max=1`, 400, 500)).startsWith('[');
      return !knowsLockout;
    },
  };
}

/** Whether an answer was too large: then fewer are asked for. */
export function isTooLarge(error: unknown): boolean {
  return isAuthError(error) && failureKindOf(error) === 'cut';
}

export const endless = () => new AuthError('provider_unavailable', "Keycloak's list of events has no end");

/** Events of one millisecond stay in the order in which they came. */
const sort = (events: KeycloakEvent[]) => events.sort((a, b) => a.time - b.time);
