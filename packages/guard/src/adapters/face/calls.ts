import { AuthError, type Principal, type Verifier } from '../../core/index.ts';
import { headerOf, isPrincipal, makerOf, tokenOf } from '../../core/internal.ts';
import type {
  FetchAsOptions,
  FetchForOptions,
  TokenAsOptions,
  TokenForOptions,
} from '../../outgoing/index.ts';
import { type Caller, createOutgoing } from '../../outgoing/internal.ts';
import type { Engine } from '../engine/internal.ts';

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
   *
   * @throws {OptionsError} if an option is wrong, or the client has no credential
   * @example
   * const stock = kc.fetchAs({ origin: 'https://stock.internal', audience: 'stock' });
   * const response = await stock('/levels');
   */
  fetchAs(options: FetchAsOptions): (path: string | URL, init?: RequestInit) => Promise<Response>;
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
  tokenAs(options?: TokenAsOptions): () => Promise<string>;
}

/**
 * {@link Calls} of an adapter. Nothing is made before one of them is used.
 *
 * @param toIncoming the engine's request of what the application calls one
 */
export function createCalls<Incoming, Given = Incoming>(
  door: Pick<
    Engine<Incoming, never, never>,
    'factory' | 'verifier' | 'verifierOf' | 'tenants' | 'accessToken' | 'toRequest'
  >,
  toIncoming: (given: Given) => Incoming = (given) => given as unknown as Incoming,
): Calls<Given> {
  const outgoing = createOutgoing(door.factory, door.verifier);

  async function callerOf(who: Given | Principal<object>): Promise<Caller | null> {
    if (isPrincipal(who)) {
      const verifier = door.tenants && (makerOf(who) as Verifier<object> | undefined);
      return { token: tokenOfPrincipal(who), isAdmitted: true, verifier };
    }
    const incoming = toIncoming(who as Given);
    const token = await door.accessToken(incoming);
    if (token === null) return null;
    const [verifier] = door.tenants ? door.verifierOf(incoming).members : [];
    return { token, isAdmitted: false, verifier: verifier as Verifier<object> | undefined };
  }

  function tokenOfPrincipal(principal: Principal<object>): string {
    const token = tokenOf(principal);
    if (token !== undefined) return token;
    throw new AuthError('provider_misconfigured', 'The principal was made by no verifier of this package');
  }

  return {
    fetchFor(options) {
      const call = outgoing.fetchFor(options);
      return async (who, path, init) => {
        const headers = isPrincipal(who) ? {} : door.toRequest(toIncoming(who as Given)).headers;
        return call(await callerOf(who), (name) => headerOf(headers, name), path, init);
      };
    },
    tokenFor(options) {
      const token = outgoing.tokenFor(options);
      return async (who) => token(await callerOf(who));
    },
    fetchAs: outgoing.fetchAs,
    tokenAs: outgoing.tokenAs,
  };
}
