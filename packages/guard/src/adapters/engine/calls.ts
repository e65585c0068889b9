import { AuthError, OptionsError, type Principal, type Verifier } from '../../core/index.ts';
import { headerOf, isPrincipal, makerOf, tokenOf } from '../../core/internal.ts';
import type {
  FetchAsOptions,
  FetchForOptions,
  TokenAsOptions,
  TokenForOptions,
} from '../../outgoing/index.ts';
import type { Caller, FindRealm, Outgoing } from '../../outgoing/internal.ts';
import { check } from '../../outgoing/options.ts';
import type { Engine } from './engine.ts';

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
   * as long as the caller's is good, and sends it to that origin alone. Redirects are not followed.
   *
   * The first argument is the request, or the principal that a guard found.
   *
   * @throws {OptionsError} if an option is wrong, the guard has no `audience`, or the client no credential
   * @throws {AuthError} (its calls reject with one) `missing_token` or a `token_…` code if the caller is nobody, or no longer
   *   good; `provider_…` if Keycloak gives no token
   * @throws {TypeError} (its calls reject with one) as `fetch` does; a `TimeoutError` after `timeoutMs`
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
   * @throws {OptionsError} as `fetchFor`
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

/**
 * {@link Calls} of an adapter. The code that calls is loaded for the first of them.
 *
 * @param toIncoming the engine's request of what the application calls one
 */
export function createCalls<Incoming, Given = Incoming>(
  engine: Pick<
    Engine<Incoming, never, never>,
    'factory' | 'verifier' | 'verifierOf' | 'tenants' | 'accessToken' | 'toRequest'
  >,
  toIncoming: (given: Given) => Incoming = (given) => given as unknown as Incoming,
): Calls<Given> {
  const { tenants } = engine;
  const { factory, verifier } = engine;
  const realms = { verifier, isOfTenants: tenants !== undefined };
  let loading: Promise<Outgoing> | undefined;

  /** Makes a call when the code for it is loaded. */
  function whenLoaded<Call>(make: (outgoing: Outgoing) => Call): Promise<Call> {
    loading ??= import('../../outgoing/internal.ts').then(({ createOutgoing }) =>
      createOutgoing(factory, verifier, tenants !== undefined),
    );
    const call = loading.then(make);
    // Each call rejects with the error.
    call.catch(() => {});
    return call;
  }

  async function callerOf(who: Given | Principal<object>): Promise<Caller | null> {
    if (isPrincipal(who)) {
      const verifier = await tenants?.current(makerOf(who));
      return { token: tokenOfPrincipal(who), isAdmitted: true, verifier };
    }
    const incoming = toIncoming(who as Given);
    const token = await engine.accessToken(incoming);
    if (token === null) return null;
    const verifier = tenants && ((await engine.verifierOf(incoming)) as Verifier<object>);
    return { token, isAdmitted: false, verifier };
  }

  /** The tenant of a request or principal. What a token says is not believed before it was verified. */
  async function tenantOf(
    of: NonNullable<typeof tenants>,
    who: Given | Principal<object>,
  ): Promise<Verifier<object>> {
    if (isPrincipal(who)) return of.current(makerOf(who));
    if (!of.isByIssuer) return of.verifierOf(toIncoming(who as Given));
    const caller = await callerOf(who);
    const verifier = caller?.verifier;
    if (verifier === undefined) {
      throw new AuthError('missing_token', 'A call as the client of a tenant, but the request has no token');
    }
    await verifier.verify(caller?.token as string);
    return verifier;
  }

  function toOwn<Args extends unknown[], R>(
    call: Promise<(find: FindRealm | undefined, ...args: Args) => Promise<R>>,
  ): OwnCall<Given, (...args: Args) => Promise<R>> {
    const by =
      (find: FindRealm | undefined) =>
      async (...args: Args) =>
        (await call)(find, ...args);
    return Object.assign(by(undefined), {
      of: (who: Given | Principal<object>) => by(tenants && (() => tenantOf(tenants, who))),
      ofTenant: (name: string) => by(() => named(name)),
    });
  }

  async function named(name: string): Promise<Verifier<object>> {
    if (tenants !== undefined) return tenants.byName(name);
    const rule = 'must be an option where a call names a tenant';
    const example = 'tenants: { of, get }';
    throw new OptionsError(engine.factory, [{ option: 'tenants', rule, example }]);
  }

  function tokenOfPrincipal(principal: Principal<object>): string {
    const token = tokenOf(principal);
    if (token !== undefined) return token;
    throw new AuthError('provider_misconfigured', 'The principal was made by no verifier of this package');
  }

  return {
    fetchFor(options) {
      check.fetchFor(`${factory}.fetchFor`, options, realms);
      const call = whenLoaded((outgoing) => outgoing.fetchFor(options));
      return async (who, path, init) => {
        const headers = isPrincipal(who) ? {} : engine.toRequest(toIncoming(who as Given)).headers;
        return (await call)(await callerOf(who), (name) => headerOf(headers, name), path, init);
      };
    },
    tokenFor(options) {
      check.tokenFor(`${factory}.tokenFor`, options, realms);
      const token = whenLoaded((outgoing) => outgoing.tokenFor(options));
      return async (who) => (await token)(await callerOf(who));
    },
    fetchAs(options) {
      check.fetchAs(`${factory}.fetchAs`, options, realms);
      return toOwn(whenLoaded((outgoing) => outgoing.fetchAs(options)));
    },
    tokenAs(options = {}) {
      check.tokenAs(`${factory}.tokenAs`, options, realms);
      return toOwn(whenLoaded((outgoing) => outgoing.tokenAs(options)));
    },
  };
}
