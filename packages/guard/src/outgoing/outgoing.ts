import { AuthError, OptionsError, type TokenVerifier, type Verifier } from '../core/index.ts';
import { getOrMake, KEPT, selectByIssuer } from '../core/internal.ts';
import {
  assertOwnAudience,
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

/** The verifier of the tenant in whose realm the application calls. */
export type FindRealm = () => Promise<Verifier<object>>;

/**
 * Where the tokens of an application's calls to others come from. Their options were checked before. Asks nothing before the first
 * call.
 *
 * @param factory the adapter's, for errors
 * @param isOfTenants each call finds its realm
 */
export function createOutgoing(factory: string, verifier: TokenVerifier<object>, isOfTenants: boolean) {
  const members = new WeakMap<Verifier<object>, RealmClient>();
  const memberOf = (subject: string, one: Verifier<object>) =>
    getOrMake(members, one, () => createRealmClient(subject, one));

  return {
    /** In the name of a caller, who is verified for each call, so a revoked caller gets no kept token. */
    async sourceFor(caller: Caller | null, target: Target<TokenForOptions>): Promise<TokenSource> {
      if (caller === null) {
        throw new AuthError('missing_token', 'A call in the name of a caller, but the request has no caller');
      }
      const { token } = caller;
      const one = caller.verifier ?? selectByIssuer(verifier.members, token);
      if (caller.verifier !== undefined) assertOwnAudience(factory, one);
      const principal = await one.verify(token, KEPT);
      return memberOf(factory, one).for({ token, principal }, target);
    },

    /** In the application's own name. @param subject the function that the application called, for errors */
    ownSource(
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
    },
  };
}
