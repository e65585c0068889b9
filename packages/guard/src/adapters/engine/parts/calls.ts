import { AuthError, OptionsError, type Principal, type Verifier } from '../../../core/index.ts';
import { isForSession, isPrincipal, makerOf, once, tokenOf } from '../../../core/internal.ts';
import type {
  FetchAsOptions,
  FetchForOptions,
  TokenAsOptions,
  TokenForOptions,
} from '../../../outgoing/index.ts';
import {
  type Caller,
  createCarryingFetch,
  createOutgoing,
  type FindRealm,
} from '../../../outgoing/internal.ts';
import type { Engine } from '../engine.ts';

/** A function that calls in the application's own name. Where there are tenants, it says as the client of which one. */
export type OwnCall<Incoming, Call> = Call & {
  /**
   * The same as the client of the tenant of a request, or of the realm of a principal that a guard found. Without tenants, it
   * changes nothing.
   *
   * @throws {AuthError} (its calls reject with one) `tenant_unknown` if there is no such tenant; if tokens say whose a request is,
   *   also as a guard refuses the token
   */
  of(who: Incoming | Principal<object>): Call;
  /**
   * The same as the client of a tenant, by its name, for work that no request began.
   *
   * @throws {OptionsError} (its calls reject with one) if the application has no tenants
   * @throws {AuthError} (its calls reject with one) `tenant_unknown` if the directory lacks the name; `tenants_unavailable`
   */
  ofTenant(name: string): Call;
};

/** Calls to other services, in an adapter. */
export interface Calls<Incoming> {
  /**
   * A `fetch` for one service in the name of callers: it exchanges their token for one of that service (RFC 8693), keeps that
   * until one of the two expires, and sends it to that origin alone. Redirects are not followed.
   *
   * The first argument is the request, or the principal that a guard found.
   *
   * @throws {OptionsError} if an option is wrong, the guard has no `audience`, or the client no credential
   * @throws {AuthError} (its calls reject with one) 401 `missing_token` or `token_…` if the caller is nobody, or no longer good:
   *   `token_revoked` if their session is over; 500 `provider_misconfigured` if Keycloak refuses the exchange; 503
   *   `provider_unavailable` if it does not answer
   * @throws {TypeError} (its calls reject with one) as `fetch` does, and for another origin; a `TimeoutError` after `timeoutMs`
   * @example
   * const orders = kc.fetchFor({ origin: 'https://orders.internal', audience: 'orders' });
   * const response = await orders(request, '/orders/7');
   */
  fetchFor(
    options: FetchForOptions,
  ): (who: Incoming | Principal<object>, path: string | URL, init?: RequestInit) => Promise<Response>;
  /**
   * A `fetch` for one service in the application's own name: with the token of its service account, renewed before it expires.
   * Where there are tenants, each has a client and tokens of its own, and the call says whose it is: `stock.of(request)('/levels')`.
   *
   * @throws {OptionsError} if an option is wrong, or the client has no credential; with tenants, its calls reject with it
   * @example
   * const stock = kc.fetchAs({ origin: 'https://stock.internal', audience: 'stock' });
   * const response = await stock('/levels');
   */
  fetchAs(
    options: FetchAsOptions,
  ): OwnCall<Incoming, (path: string | URL, init?: RequestInit) => Promise<Response>>;
  /**
   * The token of {@link fetchFor}, for other protocols than HTTP.
   *
   * @throws {OptionsError | AuthError} as `fetchFor`
   */
  tokenFor(options: TokenForOptions): (who: Incoming | Principal<object>) => Promise<string>;
  /**
   * The token of {@link fetchAs}, for other protocols and for clients that want one.
   *
   * @throws {OptionsError} as `fetchAs`
   * @example
   * adminClient.registerTokenProvider({ getAccessToken: kc.tokenAs() });
   */
  tokenAs(options?: TokenAsOptions): OwnCall<Incoming, () => Promise<string>>;
}

/** The members of an engine that calls need. */
export type CallsHost<Incoming> = Pick<
  Engine<Incoming, never, never>,
  'factory' | 'verifier' | 'verifierOf' | 'tenants' | 'accessToken' | 'toRequest' | 'tokenGuard'
>;

/**
 * Calls whose options were checked before.
 *
 * @param toIncoming the engine's request of what the application calls one
 */
export function openCalls<Incoming, AppRequest>(
  engine: CallsHost<Incoming>,
  toIncoming: (request: AppRequest) => Incoming,
): Calls<AppRequest> {
  const { factory, tenants } = engine;
  const { sourceFor, ownSource } = createOutgoing(factory, engine.verifier, tenants !== undefined);
  const guard = once(() => engine.tokenGuard({ setHeader() {} }));

  /** @param who `null` behind an optional guard that found nobody */
  async function callerOf(who: AppRequest | Principal<object> | null): Promise<Caller | null> {
    if (who === null || who === undefined) return null;
    if (isPrincipal(who)) {
      const verifier = await tenants?.current(makerOf(who));
      return { token: tokenOfPrincipal(who), verifier };
    }
    const incoming = toIncoming(who as AppRequest);
    // A guard asks for the proof too, where the token is bound to a key.
    const token = isForSession(engine.toRequest(incoming))
      ? await engine.accessToken(incoming)
      : tokenOfPrincipal((await guard().decide(incoming, undefined as never)) as Principal);
    if (token === null) return null;
    const verifier = tenants && ((await engine.verifierOf(incoming)) as Verifier<object>);
    return { token, verifier };
  }

  /** The tenant of a request or principal. What a token says is not believed before it was verified. */
  async function tenantOf(
    of: NonNullable<typeof tenants>,
    who: AppRequest | Principal<object>,
  ): Promise<Verifier<object>> {
    if (isPrincipal(who)) return of.current(makerOf(who));
    if (!of.isByIssuer) return of.verifierOf(toIncoming(who as AppRequest));
    const caller = await callerOf(who);
    const verifier = caller?.verifier;
    if (verifier === undefined) {
      throw new AuthError('missing_token', 'A call as the client of a tenant, but the request has no token');
    }
    return verifier;
  }

  async function tenantByName(name: string): Promise<Verifier<object>> {
    if (tenants !== undefined) return tenants.byName(name);
    const rule = 'must be an option where a call names a tenant';
    const example = 'tenants: { of, get }';
    throw new OptionsError(factory, [{ option: 'tenants', rule, example }]);
  }

  function toOwn<Args extends unknown[], R>(
    call: (find: FindRealm | undefined, ...args: Args) => Promise<R>,
  ): OwnCall<AppRequest, (...args: Args) => Promise<R>> {
    const by =
      (find: FindRealm | undefined) =>
      (...args: Args) =>
        call(find, ...args);
    return Object.assign(by(undefined), {
      of: (who: AppRequest | Principal<object>) => by(tenants && (() => tenantOf(tenants, who))),
      ofTenant: (name: string) => by(() => tenantByName(name)),
    });
  }

  return {
    fetchFor(options) {
      const call = createCarryingFetch(options);
      return async (who, path, init) => call(await sourceFor(await callerOf(who), options), path, init);
    },
    tokenFor: (options) => async (who) => (await sourceFor(await callerOf(who), options)).get(),
    fetchAs(options) {
      const sourceOf = ownSource(`${factory}.fetchAs`, options);
      const call = createCarryingFetch(options);
      return toOwn(async (find, path: string | URL, init?: RequestInit) =>
        call(await sourceOf(find), path, init),
      );
    },
    tokenAs(options = {}) {
      const sourceOf = ownSource(`${factory}.tokenAs`, options);
      return toOwn(async (find) => (await sourceOf(find)).get());
    },
  };
}

function tokenOfPrincipal(principal: Principal<object>): string {
  const token = tokenOf(principal);
  if (token !== undefined) return token;
  throw new AuthError('provider_misconfigured', 'The principal was made by no verifier of this package');
}
