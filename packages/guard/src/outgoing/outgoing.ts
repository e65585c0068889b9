import { AuthError, OptionsError, type TokenVerifier, type Verifier } from '../core/index.ts';
import { getOrMake, KEPT, selectByIssuer } from '../core/internal.ts';
import { createCarryingFetch } from './carrying-fetch.ts';
import {
  assertOwnAudience,
  type FetchAsOptions,
  type FetchForOptions,
  type OriginOptions,
  type Target,
  type TokenAsOptions,
  type TokenForOptions,
  type TokenSource,
} from './options.ts';
import { createRealmClient, type RealmClient } from './realm-client.ts';

/** The caller that a call is made for: a guard has admitted them, and they proved the key that the token is bound to. */
export interface Caller {
  readonly token: string;
  /** The verifier of the caller's realm. Default: that of the issuer that the token names. */
  readonly verifier?: Verifier<object> | undefined;
}

/**
 * Calls of an application to others, in its own name and in those of its callers. Their options were checked before. Asks nothing
 * before the first call.
 */
export interface Outgoing {
  /** A token for a service in the name of a caller. */
  tokenFor(options: TokenForOptions): (caller: Caller | null) => Promise<string>;
  /** A token in the application's own name. */
  tokenAs(options?: TokenAsOptions): (find?: FindRealm) => Promise<string>;
  fetchFor(
    options: FetchForOptions,
  ): (caller: Caller | null, path: string | URL, init?: RequestInit) => Promise<Response>;
  fetchAs(
    options: FetchAsOptions,
  ): (find: FindRealm | undefined, path: string | URL, init?: RequestInit) => Promise<Response>;
}

/** The verifier of the tenant in whose realm the application calls. */
export type FindRealm = () => Promise<Verifier<object>>;

const TIMEOUT_MS = 10_000;

/**
 * @param factory the adapter's, for errors
 * @param isOfTenants each call finds its realm
 */
export function createOutgoing(
  factory: string,
  verifier: TokenVerifier<object>,
  isOfTenants = false,
): Outgoing {
  const members = new WeakMap<Verifier<object>, RealmClient>();
  const memberOf = (subject: string, one: Verifier<object>) =>
    getOrMake(members, one, () => createRealmClient(subject, one));

  /** Verifies the caller for each call, so a revoked caller gets no kept token. */
  async function sourceFor(caller: Caller | null, target: Target<TokenForOptions>): Promise<TokenSource> {
    if (caller === null) {
      throw new AuthError('missing_token', 'A call in the name of a caller, but the request has no caller');
    }
    const { token } = caller;
    const one = caller.verifier ?? selectByIssuer(verifier.members, token);
    if (caller.verifier !== undefined) assertOwnAudience(factory, one);
    const principal = await one.verify(token, KEPT);
    return memberOf(factory, one).for({ token, principal }, target);
  }

  function ownSource(
    subject: string,
    options: Target<TokenAsOptions>,
  ): (find: FindRealm | undefined) => Promise<TokenSource> {
    if (isOfTenants) {
      return async (find) => {
        if (find !== undefined) return memberOf(subject, await find()).own(options);
        const rule = 'are several, so the call must say whose it is';
        throw new OptionsError(subject, [
          { option: 'tenants', rule, example: '.of(request) or .ofTenant(name)' },
        ]);
      };
    }
    const source = memberOf(subject, verifier.members[0] as Verifier<object>).own(options);
    return async (find) => {
      await find?.();
      return source;
    };
  }

  return {
    tokenFor(options) {
      return async (caller) => (await sourceFor(caller, options)).get();
    },
    tokenAs(options = {}) {
      const sourceOf = ownSource(`${factory}.tokenAs`, options);
      return async (find) => (await sourceOf(find)).get();
    },
    fetchFor(options) {
      const { audience, scope, dpop } = options;
      const call = toCall(options);
      return async (caller, path, init) =>
        call(await sourceFor(caller, { audience, scope, dpop }), path, init);
    },
    fetchAs(options) {
      const sourceOf = ownSource(`${factory}.fetchAs`, options);
      const call = toCall(options);
      return async (find, path, init) => call(await sourceOf(find), path, init);
    },
  };
}

function toCall({ origin, timeoutMs = TIMEOUT_MS, fetch: send = fetch }: OriginOptions) {
  return createCarryingFetch({ origin: new URL(origin).origin, timeoutMs, fetch: send });
}
