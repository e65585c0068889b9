import { randomUUID } from 'node:crypto';
import type {
  Notice,
  RevocationStore,
  Verifier,
  VerifierOptions,
} from '../../packages/guard/src/core/index.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

type Json = Record<string, unknown>;

/** A realm in memory that keeps events, with every trouble that Keycloak's lists can have. */
export interface EventRealm {
  readonly realm: TestRealm;
  /** Newest first, as Keycloak shows them. */
  readonly lists: { admin: Json[]; users: Json[] };
  readonly config: Json;
  /** Calls by path; `token` for tokens of the client. */
  readonly calls: Record<string, number>;
  /** The admin API takes calls and answers none, until they are given up. */
  hangs: boolean;
  /** What the admin API answers instead, for the next so many calls. */
  refuse: { status: number; times: number } | undefined;
  /** Whether it knows `direction`; older ones show the newest first. */
  knowsDirection: boolean;
  /** Types of events that came with later versions: whoever asks for them gets an error. */
  unknownTypes: readonly string[];
  /** As before 26.4: it knows no time of day in a query, no direction, and events have no id. */
  isOld: boolean;
  /** Every page is the same. */
  ignoresQuery: boolean;
  /** Every page of what administrators did is full of new events. */
  isEndless: boolean;
  readonly notices: Notice[];
  admin(what: string, path: string, representation?: unknown, more?: Json): string;
  user(type: string, more?: Json): string;
  verifier(store?: RevocationStore, options?: Partial<VerifierOptions>): Verifier;
}

export function createEventRealm(): EventRealm {
  const realm = createTestRealm();
  const admin = `${realm.serverUrl}/admin/realms/${realm.realm}/`;
  const self: EventRealm = {
    realm,
    lists: { admin: [], users: [] },
    config: {
      ...{ adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true },
      enabledEventTypes: [
        ...['LOGOUT', 'REVOKE_GRANT', 'REGISTER', 'UPDATE_PROFILE', 'DELETE_ACCOUNT'],
        ...['USER_DISABLED_BY_PERMANENT_LOCKOUT', 'USER_SESSION_DELETED'],
      ],
    },
    calls: {},
    refuse: undefined,
    knowsDirection: true,
    unknownTypes: [],
    isOld: false,
    ignoresQuery: false,
    isEndless: false,
    hangs: false,
    notices: realm.notices,
    admin(what, resourcePath, representation, more = {}) {
      const [operationType, resourceType] = what.split(' ');
      const text = representation === undefined ? {} : { representation: JSON.stringify(representation) };
      const event = {
        id: randomUUID(),
        time: realm.clock(),
        operationType,
        resourceType,
        resourcePath,
        ...text,
        ...more,
      };
      self.lists.admin.unshift(event);
      return event.id;
    },
    user(type, more = {}) {
      const event = { id: randomUUID(), time: realm.clock(), type, details: {}, ...more };
      self.lists.users.unshift(event);
      return event.id;
    },
    verifier: (revocationStore, options = {}) =>
      realm.verifier({
        fetch: answer as typeof fetch,
        ...(revocationStore && { revocationStore }),
        ...options,
      }),
  };

  async function answer(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.pathname.endsWith('/protocol/openid-connect/token')) {
      count('token');
      const token = realm.mint({ jti: `trrtcc:${randomUUID()}`, sid: undefined, sub: 'service' });
      return Response.json({ access_token: token, token_type: 'Bearer', expires_in: 300 });
    }
    if (!url.href.startsWith(admin)) return realm.fetch(input as string, init);
    const path = url.href.slice(admin.length).split('?')[0] as string;
    count(path);
    if (self.refuse !== undefined && self.refuse.times-- > 0) {
      return Response.json({ error: `HTTP ${self.refuse.status}` }, { status: self.refuse.status });
    }
    if (self.hangs) {
      const { signal } = init ?? {};
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    }
    if (path === 'events/config') return Response.json(self.config);
    if (url.searchParams.getAll('type').some((type) => self.unknownTypes.includes(type))) {
      return Response.json({ error: 'unknown_error' }, { status: 400 });
    }
    if (self.isOld && !/^(\d{4}-\d\d-\d\d)?$/.test(url.searchParams.get('dateFrom') ?? '')) {
      return Response.json({ errorMessage: "Invalid value for 'Date(From)'" }, { status: 400 });
    }
    const shown = (list: readonly Json[]) => (self.isOld ? list.map(({ id: _, ...event }) => event) : list);
    return Response.json(
      shown(page(path === 'events' ? self.lists.users : self.lists.admin, url.searchParams)),
    );
  }

  function count(what: string): void {
    self.calls[what] = (self.calls[what] ?? 0) + 1;
  }

  function page(all: readonly Json[], query: URLSearchParams): Json[] {
    if (self.isEndless && all === self.lists.admin) {
      const one = () => ({
        id: randomUUID(),
        time: realm.clock(),
        operationType: 'UPDATE',
        resourceType: randomUUID(),
      });
      return Array.from({ length: Number(query.get('max')) }, one);
    }
    if (self.ignoresQuery) return all.slice(0, 500);
    const found = all
      .filter(({ time }) => Number(time) >= Number(query.get('dateFrom') ?? 0))
      .filter(({ type }) => !query.has('type') || query.getAll('type').includes(String(type)))
      .toSorted((a, b) => Number(b.time) - Number(a.time));
    if (query.get('direction') === 'asc' && self.knowsDirection && !self.isOld) found.reverse();
    const first = Number(query.get('first') ?? 0);
    return found.slice(first, first + Number(query.get('max') ?? 100));
  }
  return self;
}
