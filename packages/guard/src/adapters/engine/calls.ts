import { loadPart, once, then } from '../../core/internal.ts';
import { check } from '../../outgoing/options.ts';
import { type Call, toLate } from './late.ts';
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
  const part = once(() =>
    loadPart(async () => (await import('./parts/calls.ts')).openCalls(engine, toIncoming)),
  );

  /** A call that is made when the code for it is loaded. */
  function whenLoaded<N extends keyof Calls<AppRequest>>(name: N, options: object) {
    check[name](`${factory}.${name}`, options as never, realms);
    const call = part().loading.then(
      (calls) => calls[name](options as never) as ReturnType<Calls<AppRequest>[N]>,
    );
    // Each call rejects with the error.
    call.catch(() => {});
    return () => call;
  }

  return {
    fetchFor: (options) => toLate(whenLoaded('fetchFor', options)),
    tokenFor: (options) => toLate(whenLoaded('tokenFor', options)),
    fetchAs: (options) => toLateOwn(whenLoaded('fetchAs', options)),
    tokenAs: (options = {}) => toLateOwn(whenLoaded('tokenAs', options)),
  };
}

/** A call that is made when it is called, and can say as the client of which tenant. */
export function toLateOwn<AppRequest, F extends Call>(
  make: () => OwnCall<AppRequest, F> | Promise<OwnCall<AppRequest, F>>,
): OwnCall<AppRequest, F> {
  const by = (select: (made: OwnCall<AppRequest, F>) => F) => toLate<F>(() => then(make(), select));
  return Object.assign(
    by((made) => made),
    {
      of: (who: Parameters<OwnCall<AppRequest, F>['of']>[0]) => by(({ of }) => of(who)),
      ofTenant: (name: string) => by(({ ofTenant }) => ofTenant(name)),
    },
  );
}
