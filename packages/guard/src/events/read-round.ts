import {
  type EventList,
  type EventSource,
  endless,
  isTooLarge,
  type KeycloakEvent,
  MOST_FRESH,
} from './event-source.ts';

/** Where a reader of one list has come to, by Keycloak's clock. Unit: milliseconds since 1970. */
export interface Cursor {
  readonly time: number;
  /** Events of the last moments before it, with their times: others of those moments may still come. */
  readonly seen: Readonly<Record<string, number>>;
}

/** Of both lists, and when they were read. */
export type Cursors = Readonly<Record<EventList, Cursor>> & { readonly readAt: number };

export interface Round {
  /** New ones, in order of time. */
  readonly events: readonly KeycloakEvent[];
  readonly cursors: Cursors;
  /** There may be later ones. */
  readonly isMore: boolean;
  /** Keycloak has deleted the event read last, and perhaps later ones too; or its clock was ahead when it was read. */
  readonly isLost: boolean;
}

/**
 * How late an event may come: a transaction that takes long, another node of Keycloak whose clock is behind. Unit:
 * milliseconds.
 */
export const OVERLAP_MS = 10_000;
/** Most events in one answer. */
const MOST = 500;
/** Without an end after so many, something between here and Keycloak drops the query. */
const MOST_PAGES = 100;

/** No realm deletes events so soon. Unit: milliseconds. */
const KEPT_MS = 60_000;
/** An outage of Keycloak is shorter: all tokens at once would be much for one that has just come back. Unit: milliseconds. */
const LONG_PAUSE_MS = 600_000;

export const cursorsAt = (time: number): Cursors => ({
  readAt: time,
  'admin-events': { time, seen: {} },
  events: { time, seen: {} },
});

/**
 * The new events of both lists, as far as both are known, so that they are in order.
 *
 * @param most new ones of each list, or as many as came in one millisecond
 */
export async function readRound(
  source: EventSource,
  start: Cursors,
  most = Number.POSITIVE_INFINITY,
): Promise<Round> {
  const now = source.now();
  // From a time that is still to come nothing would be read until then.
  const isAhead = start.readAt - now > OVERLAP_MS;
  const cursors = isAhead ? cursorsAt(now) : start;
  const [admin, user] = await Promise.all([
    readList(source, 'admin-events', cursors['admin-events'], most),
    readList(source, 'events', cursors.events, most),
  ]);
  // While it is read all the time, the event read last may grow old and go.
  const isEarly = ({ time }: Cursor) => now - cursors.readAt > KEPT_MS || now - time < KEPT_MS;
  const until = Math.min(admin.until, user.until);
  const take = ({ fresh }: ListRound) => fresh.filter(({ time }) => time <= until);
  const [byAdmins, byUsers] = [take(admin), take(user)];
  const next = {
    readAt: now,
    'admin-events': advance(cursors['admin-events'], byAdmins, now),
    events: advance(cursors.events, byUsers, now),
  };
  // A list whose events have all one time would be remembered for ever.
  const isEndless = [next.events, next['admin-events']].some(
    ({ seen }) => Object.keys(seen).length > MOST_FRESH,
  );
  return {
    events: [...byAdmins, ...byUsers].sort((a, b) => a.time - b.time),
    cursors: isEndless ? cursorsAt(now) : next,
    isMore: until !== Number.POSITIVE_INFINITY && !isEndless,
    isLost:
      isAhead ||
      isEndless ||
      (admin.isGone && isEarly(cursors['admin-events'])) ||
      (user.isGone && isEarly(cursors.events)),
  };
}

interface ListRound {
  readonly fresh: readonly KeycloakEvent[];
  /** Up to here nothing is left out. */
  readonly until: number;
  /** The event read last is missing. */
  readonly isGone: boolean;
}

async function readList(
  source: EventSource,
  list: EventList,
  cursor: Cursor,
  mostFresh: number,
): Promise<ListRound> {
  let from = cursor.time - OVERLAP_MS;
  const first = Math.min(mostFresh, MOST);
  let most = first;
  let isKnownThere = Object.keys(cursor.seen).length === 0;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await source.read(list, from, most).catch((error: unknown) => {
      if (!isTooLarge(error) || most === 1) throw error;
    });
    if (page === undefined) {
      most = Math.max(1, Math.floor(most / 10));
      continue;
    }
    const fresh = page.events.filter(({ id }) => !Object.hasOwn(cursor.seen, id));
    isKnownThere ||= fresh.length < page.events.length;
    const last = page.events.at(-1)?.time ?? from;
    // A whole page of one millisecond: the next one would begin with the same.
    const isStuck = page.isMore && last === page.events[0]?.time;
    if (!isStuck && (fresh.length > 0 || !page.isMore)) {
      const end = page.isMore ? last : Number.POSITIVE_INFINITY;
      const until = fresh.length > mostFresh ? Math.min(end, fresh[mostFresh - 1]?.time ?? end) : end;
      return { fresh, until, isGone: !isKnownThere };
    }
    if (isStuck) most *= 10;
    else {
      from = last;
      // Many came in the last moments: small pages of what is known already would have no end.
      if (most === first) most = MOST;
    }
  }
  throw endless();
}

function advance({ time, seen }: Cursor, events: readonly KeycloakEvent[], now: number): Cursor {
  // The clock of one node may be ahead: those of the others must be read all the same.
  const next = Math.max(time, ...events.map((event) => Math.min(event.time, now)));
  const all = [...Object.entries(seen), ...events.map((event) => [event.id, event.time] as const)];
  return { time: next, seen: Object.fromEntries(all.filter(([, at]) => at >= next - OVERLAP_MS)) };
}

/** After a pause, only an event that is still there shows that none was deleted. */
export function isUnproven({ readAt, ...lists }: Cursors, now: number): boolean {
  return (
    now - readAt > LONG_PAUSE_MS && Object.values(lists).some(({ seen }) => Object.keys(seen).length === 0)
  );
}

/** Whether a stored value has the right form. */
export function isCursors(value: unknown): value is Cursors {
  const { readAt, events, 'admin-events': byAdmins } = (value ?? {}) as Partial<Cursors>;
  const isCursor = (one: Cursor | undefined) => Number.isFinite(one?.time) && Object(one?.seen) === one?.seen;
  return Number.isFinite(readAt) && isCursor(events) && isCursor(byAdmins);
}
