import { AuthError, OptionsError, type TokenVerifier, type Verifier } from '../core/index.ts';
import {
  ANY_AUDIENCE,
  checkOptions,
  getOrMake,
  KEPT,
  type OptionRules,
  optionRules,
  selectByIssuer,
} from '../core/internal.ts';
import { createCarryingFetch, traceContextOf } from './carrying-fetch.ts';
import { createMember, type Member } from './member.ts';
import type { TokenSource } from './user-tokens.ts';

/** What a token in the name of a caller is for. */
export interface TokenForOptions {
  /** Client id of the service that is called: it is in `aud` of the token, and no other is. */
  readonly audience: string;
  /** Scopes to ask for, separated by one space: often one that brings the audience. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/** What a token in the application's own name is for. */
export interface TokenAsOptions {
  /** Client id of the service that is called: a token without it in `aud` is not sent. Default: any. */
  readonly audience?: string | undefined;
  /** Scopes to ask for, separated by one space. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/** Which service is called. */
export interface OriginOptions {
  /** Scheme, host and port of the service, for example `https://orders.internal`. The token goes nowhere else. */
  readonly origin: string;
  /** Bound on each call, with its answer. Unit: milliseconds, 100 to 600,000. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Binds the tokens to a key that is made in this process and never leaves it (DPoP, RFC 9449), so a stolen token is useless. The
   * service has to accept proofs; Keycloak binds tokens from version 26.4. Default false.
   */
  readonly dpop?: boolean | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** Options of `fetchFor`. */
export interface FetchForOptions extends OriginOptions, TokenForOptions {}
/** Options of `fetchAs`. */
export interface FetchAsOptions extends OriginOptions, TokenAsOptions {}

/** A service that is called, and what its tokens must be. */
export type Target<O extends TokenAsOptions> = O & Pick<OriginOptions, 'dpop'>;

const AUDIENCE = optionRules.string('must be the client id of the service that is called', "'orders'");
const SCOPE = optionRules.string('must be scopes, separated by one space', "'to-orders'");
const ORIGIN: OptionRules<OriginOptions> = {
  origin: optionRules.required({
    rule: 'must be an http or https URL without path, query or credentials',
    example: "'https://orders.internal'",
    isMet: (value) => typeof value === 'string' && isOrigin(value),
  }),
  timeoutMs: optionRules.whole(100, 600_000, 10_000),
  dpop: optionRules.trueOrFalse(false),
  fetch: optionRules.FETCH,
};
const TOKEN_AS: OptionRules<TokenAsOptions> = { audience: AUDIENCE, scope: SCOPE };
const TOKEN_FOR: OptionRules<TokenForOptions> = { audience: optionRules.required(AUDIENCE), scope: SCOPE };

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, origin, href } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && href === `${origin}/`;
}

/** Each is given the factory as its caller wrote it. @throws {OptionsError} */
const check = {
  tokenAs: (subject: string, options: TokenAsOptions) => checkOptions(subject, options, TOKEN_AS),
  tokenFor: (subject: string, options: TokenForOptions) => checkOptions(subject, options, TOKEN_FOR),
  fetchAs: (subject: string, options: FetchAsOptions) =>
    checkOptions(subject, options, { ...ORIGIN, ...TOKEN_AS }),
  fetchFor: (subject: string, options: FetchForOptions) =>
    checkOptions(subject, options, { ...ORIGIN, ...TOKEN_FOR }),
};

/**
 * An exchanged token names this client in `azp`, and a verifier without `audience` takes it for that: the service that got it
 * could send it back, be let in as the user, and have it exchanged again, for as long as the user is signed in.
 *
 * @throws {OptionsError} if a verifier does not demand an audience
 */
function assertOwnAudience(subject: string, verifier: TokenVerifier<object>): void {
  for (const { context, clientId } of verifier.members) {
    const { audience } = context.options;
    if (audience !== undefined && audience !== ANY_AUDIENCE) continue;
    const rule = `must be an option of the guard where calls are made in the name of callers: without it, the tokens that ${clientId} gets for others are accepted here`;
    throw new OptionsError(subject, [{ option: 'audience', rule, example: `audience: '${clientId}'` }]);
  }
}

/** The caller that a call is made for. */
export interface Caller {
  readonly token: string;
  /** A guard has admitted the sender, and the sender proved the key that the token is bound to. */
  readonly isAdmitted: boolean;
  /** The verifier of the caller's realm. Default: that of the issuer that the token names. */
  readonly verifier?: Verifier<object> | undefined;
}

/** Calls of an application to others, in its own name and in those of its callers. Asks nothing before the first call. */
export interface Outgoing {
  /**
   * A token for a service in the name of a caller.
   *
   * @throws {OptionsError} if an option is wrong, or callers are let in without the application's own audience
   */
  tokenFor(options: TokenForOptions): (caller: Caller | null) => Promise<string>;
  /** A token in the application's own name. @throws {OptionsError} */
  tokenAs(options?: TokenAsOptions): (find?: FindRealm) => Promise<string>;
  /**
   * @param read reads a header of the request that the call is made for
   * @throws {OptionsError} as `tokenFor`
   */
  fetchFor(
    options: FetchForOptions,
  ): (
    caller: Caller | null,
    read: (header: string) => string | undefined,
    path: string | URL,
    init?: RequestInit,
  ) => Promise<Response>;
  /** @throws {OptionsError} */
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
  const members = new WeakMap<Verifier<object>, Member>();
  const memberOf = (subject: string, one: Verifier<object>) =>
    getOrMake(members, one, () => createMember(subject, one));

  /** For callers of each realm, so a missing option stops the start. */
  function assertCallable(subject: string): void {
    assertOwnAudience(subject, verifier);
    for (const one of verifier.members) memberOf(subject, one);
  }

  /** Verifies the caller for each call, so a revoked caller gets no kept token. */
  async function sourceFor(caller: Caller | null, target: Target<TokenForOptions>): Promise<TokenSource> {
    if (caller === null) {
      throw new AuthError('missing_token', 'A call in the name of a caller, but the request has no caller');
    }
    const { token, isAdmitted } = caller;
    const one = caller.verifier ?? (await selectByIssuer(verifier.members, token));
    if (caller.verifier !== undefined) assertOwnAudience(factory, one);
    const principal = await one.verify(token, isAdmitted ? KEPT : undefined);
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
    const [one, ...others] = verifier.members;
    if (one !== undefined && others.length === 0) {
      const source = memberOf(subject, one).own(options);
      return async (find) => {
        await find?.();
        return source;
      };
    }
    const rule = 'must be of one realm where calls are made in the own name of the application';
    throw new OptionsError(subject, [{ option: 'verifier', rule, example: 'createVerifier(…)' }]);
  }

  return {
    tokenFor(options) {
      const subject = `${factory}.tokenFor`;
      check.tokenFor(subject, options);
      assertCallable(subject);
      return async (caller) => (await sourceFor(caller, options)).get();
    },
    tokenAs(options = {}) {
      const subject = `${factory}.tokenAs`;
      check.tokenAs(subject, options);
      const sourceOf = ownSource(subject, options);
      return async (find) => (await sourceOf(find)).get();
    },
    fetchFor(options) {
      const subject = `${factory}.fetchFor`;
      check.fetchFor(subject, options);
      assertCallable(subject);
      const { audience, scope, dpop } = options;
      const call = toCall(options);
      return async (caller, read, path, init) =>
        call(await sourceFor(caller, { audience, scope, dpop }), path, init, traceContextOf(read));
    },
    fetchAs(options) {
      const subject = `${factory}.fetchAs`;
      check.fetchAs(subject, options);
      const sourceOf = ownSource(subject, options);
      const call = toCall(options);
      return async (find, path, init) => call(await sourceOf(find), path, init, {});
    },
  };
}

function toCall({ origin, timeoutMs = TIMEOUT_MS, fetch: given = fetch }: OriginOptions) {
  return createCarryingFetch({ origin: new URL(origin).origin, timeoutMs, fetch: given });
}
