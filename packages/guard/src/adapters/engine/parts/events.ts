import { OptionsError, type Verifier } from '../../../core/index.ts';
import { partsOf } from '../../../core/internal.ts';
import { type EventsStatus, type KeycloakEvents, startEvents } from '../../../events/index.ts';
import { type EventsOptions, fillEvents } from '../../../events/options.ts';
import type { Tenants } from '../../../tenants/internal.ts';

/** The events of realms; of tenants, none reach the application. */
export type FollowedEvents = Omit<KeycloakEvents, 'onUser'> & Partial<Pick<KeycloakEvents, 'onUser'>>;

/** Of several realms. */
function sumEvents(all: readonly EventsStatus[]): EventsStatus {
  const sum = (name: 'events' | 'calls' | 'waiting') => all.reduce((total, one) => total + one[name], 0);
  return {
    isHealthy: all.length > 0 && all.every(({ isHealthy }) => isHealthy),
    lagSeconds: Math.max(0, ...all.map(({ lagSeconds }) => lagSeconds)),
    ...{ events: sum('events'), calls: sum('calls'), waiting: sum('waiting') },
  };
}

/** Follows the events of all realms of a verifier. */
export function followAll(members: readonly Verifier<object>[], options: EventsOptions): FollowedEvents {
  const started = members.map((one) => startEvents(one, options));
  return {
    onUser(handlers) {
      for (const one of started) one.onUser(handlers);
    },
    ready: Promise.all(started.map(({ ready }) => ready)).then(() => {}),
    status: () => sumEvents(started.map((one) => one.status())),
    async close() {
      await Promise.all(started.map((one) => one.close()));
    },
  };
}

/**
 * Follows the events of the tenants in memory, each by its own client, and no more of them than the options say: a realm costs
 * Keycloak two questions a second. Tokens of the others are checked as without events.
 */
export function followTenants(
  { verifier, watch }: Pick<Tenants<never>, 'verifier' | 'watch'>,
  options: EventsOptions,
): FollowedEvents {
  const { maxFollowed } = fillEvents(options);
  const followed = new Map<Verifier<object>, KeycloakEvents>();
  const refused = new WeakSet<Verifier<object>>();
  let isClosed = false;
  let setReady = () => {};
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });

  function follow(one: Verifier<object>): void {
    if (isClosed || refused.has(one) || followed.has(one) || followed.size >= maxFollowed) return;
    try {
      const events = startEvents(one, options);
      followed.set(one, events);
      void events.ready.then(setReady);
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

  /** Those that came while there were too many. */
  function followMore(): void {
    for (const one of verifier.members) follow(one);
  }

  followMore();
  const unwatch = watch(follow);

  return {
    ready,
    status: () => sumEvents([...followed.values()].map((one) => one.status())),
    async close() {
      isClosed = true;
      unwatch();
      await Promise.all([...followed.values()].map((one) => one.close()));
    },
  };
}
