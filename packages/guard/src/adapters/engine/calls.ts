import type { Principal } from '../../core/index.ts';
import { loadPart, type Part } from '../../core/internal.ts';
import { check } from '../../outgoing/options.ts';
import type { Calls, CallsHost, OwnCall } from './parts/calls.ts';

/**
 * {@link Calls} of an adapter. The code that calls is loaded for the first of them.
 *
 * @param toIncoming the engine's request of what the application calls one
 */
export function createCalls<Incoming, AppRequest = Incoming>(
  engine: CallsHost<Incoming>,
  toIncoming: (request: AppRequest) => Incoming = (request) => request as unknown as Incoming,
): Calls<AppRequest> {
  const { factory, verifier, tenants } = engine;
  const realms = { verifier, isOfTenants: tenants !== undefined };
  let part: Part<Calls<AppRequest>> | undefined;

  /** Makes a call when the code for it is loaded. */
  function whenLoaded<Call>(make: (calls: Calls<AppRequest>) => Call): Promise<Call> {
    part ??= loadPart(async () => (await import('./parts/calls.ts')).openCalls(engine, toIncoming));
    const call = part.loading.then(make);
    // Each call rejects with the error.
    call.catch(() => {});
    return call;
  }

  function toOwn<Call extends (...args: never[]) => Promise<unknown>>(
    call: Promise<OwnCall<AppRequest, Call>>,
  ): OwnCall<AppRequest, Call> {
    const by = (select: (own: OwnCall<AppRequest, Call>) => Call) =>
      (async (...args: Parameters<Call>) => select(await call)(...args)) as Call;
    return Object.assign(
      by((own) => own),
      {
        of: (who: AppRequest | Principal<object>) => by(({ of }) => of(who)),
        ofTenant: (name: string) => by(({ ofTenant }) => ofTenant(name)),
      },
    );
  }

  return {
    fetchFor(options) {
      check.fetchFor(`${factory}.fetchFor`, options, realms);
      const call = whenLoaded(({ fetchFor }) => fetchFor(options));
      return async (...args) => (await call)(...args);
    },
    tokenFor(options) {
      check.tokenFor(`${factory}.tokenFor`, options, realms);
      const token = whenLoaded(({ tokenFor }) => tokenFor(options));
      return async (who) => (await token)(who);
    },
    fetchAs(options) {
      check.fetchAs(`${factory}.fetchAs`, options, realms);
      return toOwn(whenLoaded(({ fetchAs }) => fetchAs(options)));
    },
    tokenAs(options = {}) {
      check.tokenAs(`${factory}.tokenAs`, options, realms);
      return toOwn(whenLoaded(({ tokenAs }) => tokenAs(options)));
    },
  };
}
