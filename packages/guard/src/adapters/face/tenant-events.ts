import { OptionsError, type Verifier } from '../../core/index.ts';
import { partsOf } from '../../core/internal.ts';
import type { KeycloakEvents } from '../../events/index.ts';
import { type EventsOptions, fillEvents } from '../../events/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';
import { sumEvents } from './events-status.ts';

/**
 * Follows the events of the tenants in memory, each by its own client, and no more of them than the options say: a realm costs
 * Keycloak two questions a second. Tokens of the others are checked as without events.
 *
 * @throws {OptionsError} if an option is wrong
 */
export function followTenants(
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
