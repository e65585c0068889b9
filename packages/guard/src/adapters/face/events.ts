import { OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';
import { partsOf } from '../../core/internal.ts';
import type { KeycloakEvents, UserHandlers } from '../../events/index.ts';
import { type EventsOptions, resolveEvents } from '../../events/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';
import { sumEvents } from './events-status.ts';
import { followTenants } from './tenant-events.ts';

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
   * const news = kc.events();
   * news.onUser({ deleted: ({ subject }) => db.users.remove(subject) });
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
  for (const one of members) partsOf(one)?.hold(loading);

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
