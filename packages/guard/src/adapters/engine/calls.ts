import { loadPart, once } from '../../core/internal.ts';
import { check } from '../../outgoing/options.ts';
import { toLate, toLateOwn } from './late.ts';
import type { Calls, CallsHost } from './parts/calls.ts';

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

  /** Makes a call when the code for it is loaded. */
  function whenLoaded<Call>(make: (calls: Calls<AppRequest>) => Call): () => Promise<Call> {
    const call = part().loading.then(make);
    // Each call rejects with the error.
    call.catch(() => {});
    return () => call;
  }

  return {
    fetchFor(options) {
      check.fetchFor(`${factory}.fetchFor`, options, realms);
      return toLate(whenLoaded(({ fetchFor }) => fetchFor(options)));
    },
    tokenFor(options) {
      check.tokenFor(`${factory}.tokenFor`, options, realms);
      return toLate(whenLoaded(({ tokenFor }) => tokenFor(options)));
    },
    fetchAs(options) {
      check.fetchAs(`${factory}.fetchAs`, options, realms);
      return toLateOwn(whenLoaded(({ fetchAs }) => fetchAs(options)));
    },
    tokenAs(options = {}) {
      check.tokenAs(`${factory}.tokenAs`, options, realms);
      return toLateOwn(whenLoaded(({ tokenAs }) => tokenAs(options)));
    },
  };
}
