import { OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';
import { partsOf } from '../../core/internal.ts';
import type { EventsStatus, KeycloakEvents, UserHandlers } from '../../events/index.ts';
import { type EventsOptions, fillEvents, resolveEvents } from '../../events/options.ts';
import type { Tenants } from '../../tenants/internal.ts';

/** Of several realms. */
function sumEvents(all: readonly EventsStatus[]): EventsStatus {
  const sum = (name: 'events' | 'calls' | 'waiting') => all.reduce((total, one) => total + one[name], 0);
  return {
    isHealthy: all.length > 0 && all.every(({ isHealthy }) => isHealthy),
    lagSeconds: Math.max(0, ...all.map(({ lagSeconds }) => lagSeconds)),
    ...{ events: sum('events'), calls: sum('calls'), waiting: sum('waiting') },
  };
}

/**
 * Follows the events of the tenants in memory, each by its own client, and no more of them than the options say: a realm costs
 * Keycloak two questions a second. Tokens of the others are checked as without events.
 *
 * @throws {OptionsError} if an option is wrong
 */
function followTenants(
  { verifier, watch }: Pick<Tenants<never>, 'verifier' | 'watch'>,
  options: EventsOptions,
): KeycloakEvents {
  const { maxFollowed } = fillEvents(options);
  if (options.cursor !== undefined) {
    throw wrong('cursor', 'must not be given where there are tenants: each would need its own');
  }
  const followed = new Map<Verifier<object>, KeycloakEvents>();
  const refused = new WeakSet<Verifier<object>>();
  let isClosed = false;
  let setReady = () => {};
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  let start: ((one: Verifier<object>, options: EventsOptions) => KeycloakEvents) | undefined;
  const loading = import('../../events/index.ts').then(({ startEvents }) => {
    start = startEvents;
    followMore();
  });

  function follow(one: Verifier<object>): void {
    if (start === undefined || isClosed || refused.has(one)) return;
    if (followed.has(one) || followed.size >= maxFollowed) return;
    try {
      const news = start(one, options);
      followed.set(one, news);
      void news.ready.then(setReady);
    } catch (error) {
      if (!(error instanceof OptionsError)) throw error;
      refused.add(one);
      one.notify({ level: 'warn', code: 'events_lost', message: error.message });
      return;
    }
    partsOf(one)?.atClose.add(async () => {
      followed.delete(one);
      followMore();
    });
  }

  /** Those that came while there was no place for them. */
  function followMore(): void {
    if (isClosed || followed.size >= maxFollowed) return;
    for (const one of verifier.members) follow(one);
  }

  const unwatch = watch(follow);

  return {
    ready,
    status: () => sumEvents([...followed.values()].map((one) => one.status())),
    onUser() {
      throw wrong('tenants', 'must not stand beside onUser: a tenant that nobody uses is not followed');
    },
    async close() {
      isClosed = true;
      unwatch();
      await loading;
      await Promise.all([...followed.values()].map((one) => one.close()));
    },
  };
}

const wrong = (option: string, rule: string) =>
  new OptionsError('events', [{ option, rule, example: 'startEvents(verifier, …) for each realm' }]);

/** Keycloak's events, in an adapter. */
export interface EventsOf {
  /**
   * Follows Keycloak's events: what they say about users, sessions and tokens counts within two seconds, so that Keycloak is
   * rarely asked about tokens, and the application hears of changes of users. Call it once, before the first request. With
   * tenants, those in use are followed, and `onUser` throws.
   *
   * @throws {OptionsError} if an option is wrong, or the client has no credential
   * @see docs/events.md
   * @example
   * const events = kc.events();
   * events.onUser({ deleted: ({ subject }) => db.users.remove(subject) });
   */
  events(options?: EventsOptions): KeycloakEvents;
}

/** {@link EventsOf} of an adapter. What follows events is loaded when it is called, and ends with the verifier. */
export function createEvents<C extends object>(
  factory: string,
  verifier: TokenVerifier<C>,
  tenants: Pick<Tenants<never>, 'verifier' | 'watch'> | undefined,
): EventsOf {
  let isFollowing = false;
  return {
    events(options = {}) {
      if (isFollowing) throw new Error(`${factory}: events was called before`);
      if (tenants !== undefined) {
        const news = followTenants(tenants, options);
        isFollowing = true;
        return news;
      }
      const members = verifier.members as readonly Verifier<object>[];
      for (const one of members) resolveEvents(one, options);
      if (options.cursor !== undefined && members.length > 1) {
        const rule = 'must not be given where the verifier is of several realms';
        throw new OptionsError('events', [
          { option: 'cursor', rule, example: 'startEvents(verifier, { cursor }) for each' },
        ]);
      }
      isFollowing = true;
      return followAll(members, options);
    },
  };
}

function followAll(members: readonly Verifier<object>[], options: EventsOptions): KeycloakEvents {
  let started: readonly KeycloakEvents[] = [];
  let handlers: UserHandlers | undefined;
  let isClosed = false;
  const loading = import('../../events/index.ts').then(({ startEvents }) => {
    if (isClosed) return;
    started = members.map((one) => startEvents(one, options));
    if (handlers !== undefined) for (const one of started) one.onUser(handlers);
  });
  for (const one of members) partsOf(one)?.holdNewTokens(loading);

  return {
    onUser(given) {
      if (handlers !== undefined) throw new Error('events: onUser was called before');
      handlers = given;
      for (const one of started) one.onUser(given);
    },
    ready: loading.then(async () => void (await Promise.all(started.map(({ ready }) => ready)))),
    status: () => sumEvents(started.map((one) => one.status())),
    async close() {
      isClosed = true;
      await loading;
      await Promise.all(started.map((one) => one.close()));
    },
  };
}
