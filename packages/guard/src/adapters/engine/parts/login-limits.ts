import { AuthError, type Principal } from '../../../core/index.ts';
import { createLoginLimits, type RateLimitState } from '../../../limits/index.ts';
import type { LoginLimitOptions } from '../../../limits/options.ts';
import type { Engine } from '../engine.ts';

/** Options of `loginLimits`. */
export interface LoginLimitSettings<AppRequest> extends LoginLimitOptions {
  /**
   * The user name that a request logs in with, for `loginsPerUser`: `({ body }) => body?.username`. Default: logins are counted by
   * address alone.
   */
  readonly username?: ((request: AppRequest) => unknown) | undefined;
  /** The client's address. Default: what the framework knows, which behind a proxy needs its `trust proxy`. */
  readonly address?: ((request: AppRequest) => string | undefined) | undefined;
}

/** The members of an engine that limits on logins need. */
export type LoginLimitsHost<Incoming, Outgoing> = Pick<
  Engine<Incoming, Outgoing>,
  'addressOf' | 'addToAnswer' | 'refuse' | 'tenants' | 'toAppRequest' | 'verifier'
>;

/**
 * Lets through who is within the limits, which were checked before.
 *
 * @param secret keeps the names of people out of the store
 * @param principalOf what an earlier guard has found stays
 */
export function openLoginLimits<Incoming, Outgoing>(
  engine: LoginLimitsHost<Incoming, Outgoing>,
  { username, address, ...options }: LoginLimitSettings<never>,
  secret: string,
  principalOf: (request: Incoming) => Principal | null | undefined,
) {
  const { addressOf, addToAnswer, tenants, toAppRequest } = engine;
  const { byAddress, byUser } = createLoginLimits(options, secret);

  /** People of several tenants may have one user name. */
  async function ownerOf(request: Incoming, user: unknown): Promise<unknown> {
    if (tenants === undefined || tenants.isByIssuer || typeof user !== 'string') return user;
    try {
      await tenants.verifierOf(request);
      return JSON.stringify([tenants.nameOf(request), user]);
    } catch (error) {
      return engine.refuse(request, error);
    }
  }

  return {
    /** @throws {AuthError} rejects with `too_many_logins`, or `tenant_unknown` where there are tenants */
    async decide(request: Incoming, outgoing: Outgoing): Promise<Principal | null> {
      const appRequest = toAppRequest(request) as never;
      const from = address === undefined ? addressOf?.(request) : address(appRequest);
      const refuseOver = (state: RateLimitState | undefined, user?: unknown) => {
        if (state === undefined) return;
        addToAnswer(outgoing, { headers: state.headers, setCookies: [] });
        if (!state.isExceeded) return;
        const error = new AuthError('too_many_logins', 'More logins in a minute than allowed', {
          ...(typeof user === 'string' && { seen: user }),
          headers: state.headers,
        });
        engine.refuse(request, error);
      };
      const user: unknown = await username?.(appRequest);
      refuseOver(await byAddress(from), user);
      if (username !== undefined) refuseOver(await byUser(from, await ownerOf(request, user)), user);
      return principalOf(request) ?? null;
    },
  };
}
