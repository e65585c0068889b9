import { OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';
import { loadPart, partsOf } from '../../core/internal.ts';
import type { KeycloakEvents } from '../../events/index.ts';
import { type EventsOptions, fillEvents, resolveEvents } from '../../events/options.ts';
import type { Tenants } from '../../tenants/internal.ts';
import type { FollowedEvents } from './parts/events.ts';

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

/** {@link EventsOf} of an adapter. The code that follows events is loaded when it is called, and ends with the verifier. */
export function createEvents<C extends object>(
  factory: string,
  verifier: TokenVerifier<C>,
  tenants: Pick<Tenants<never>, 'verifier' | 'watch'> | undefined,
): EventsOf {
  let isFollowing = false;
  return {
    events(options = {}) {
      if (isFollowing) throw new Error(`${factory}: events was called before`);
      const members = (tenants === undefined ? verifier.members : []) as readonly Verifier<object>[];
      if (tenants !== undefined) fillEvents(options);
      for (const one of members) resolveEvents(one, options);
      if (options.cursor !== undefined && (tenants !== undefined || members.length > 1))
        throw wrong('cursor', 'must not be given where there are several realms: each would need its own');
      isFollowing = true;
      const part = loadPart<FollowedEvents>(async () => {
        const { followAll, followTenants } = await import('./parts/events.ts');
        return tenants === undefined ? followAll(members, options) : followTenants(tenants, options);
      });
      const started = part.loading.then(() => {});
      const ready = part.loading.then((followed) => followed.ready);
      // Those who wait get the error; unless anybody does, it would end the process.
      for (const one of [started, ready]) one.catch(() => {});
      for (const one of members) partsOf(one)?.holdNewTokens(started);
      let hasListener = false;
      return {
        onUser(handlers) {
          if (tenants !== undefined)
            throw wrong('tenants', 'must not stand beside onUser: a tenant that nobody uses is not followed');
          if (hasListener) throw new Error('events: onUser was called before');
          hasListener = true;
          part.loading.then(({ onUser }) => onUser?.(handlers)).catch(() => {});
        },
        ready,
        status: () => part.loaded?.status() ?? NOT_STARTED,
        close: async () => (await part.loading).close(),
      };
    },
  };
}

const NOT_STARTED = { isHealthy: false, lagSeconds: 0, events: 0, calls: 0, waiting: 0 };

const wrong = (option: string, rule: string) =>
  new OptionsError('events', [{ option, rule, example: 'startEvents(verifier, …) for each realm' }]);
