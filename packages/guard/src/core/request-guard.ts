import { DPOP_MODE, type DpopMode } from './binding/dpop-options.ts';
import type { SenderCheck } from './binding/sender-check.ts';
import { type Compiled, compile, type Requirements } from './guards/requirements.ts';
import { authorizationOf, DpopCredentials, isForOthers, readCredentials } from './http/credentials.ts';
import { AuthError, isAuthError, type OptionProblem, OptionsError } from './http/errors.ts';
import { type ChallengedResource, toRefusal } from './http/refusal.ts';
import type { RequestLike } from './http/request.ts';
import { isPlainObject } from './options/check-options.ts';
import type { Principal } from './principal/principal.ts';
import { actingFor } from './principal/to-principal.ts';
import { ofEach } from './runtime/cache.ts';
import { isThenable } from './runtime/concurrency.ts';
import { keepAlive } from './runtime/platform.ts';
import type { TokenVerifier } from './verifier.ts';

/** Requirements of a route. `{}`: a valid token of any caller. */
export interface GuardOptions extends Requirements {
  /**
   * Lets requests without an `Authorization` header pass, with no principal; where there are sessions, those with one for a proxy in
   * front (`Basic`) too. Default false.
   */
  readonly optional?: boolean;
  /**
   * Whether tokens may, or must, be bound to a key (RFC 9449). Default: as the verifier says. Callers with a session are let in
   * all the same: their browser sends no token.
   */
  readonly dpop?: DpopMode;
}

/**
 * Finds the caller of a request without a bearer token by its session cookie. `null`: no caller.
 * Throws or rejects with an `AuthError`.
 */
export interface SessionAuthenticator<Incoming, Outgoing> {
  (request: Incoming, answer: Outgoing): Principal | null | Promise<Principal | null>;
  /**
   * Where to send a page when its person has to sign in again (`Sessions.stepUp`); `undefined`: the request is for no page.
   */
  stepUp?(request: Incoming, demand: SignInDemand): string | undefined;
}

/** The sign-in that would end a refusal: a stronger one, or for another organization. */
export type SignInDemand = Pick<AuthError, 'signIn' | 'tenant'>;

/** Reads requests and writes answers of an adapter's framework. */
export interface RequestGuardHost<Incoming, Outgoing> {
  toRequest(request: Incoming): RequestLike;
  /** The verifier of the tenant of a request. Default: that of the guard. @throws {AuthError} (or rejects with one) */
  verifierOf?(request: Incoming): TokenVerifier | Promise<TokenVerifier>;
  /** How sessions are read; `undefined` where there are none. */
  sessionOf?(request: Incoming): SessionAuthenticator<Incoming, Outgoing> | undefined;
  /**
   * The scheme, host and port that the client called, for example `https://api.example.com`: as far as the framework trusts a
   * proxy. For DPoP, where the verifier has no `publicUrl`. Default: what the request says.
   */
  originOf?(request: Incoming): string | undefined;
  /**
   * Sets a header on every answer. For DPoP with nonces: without it, clients learn of a new one
   * by a 401.
   */
  setHeader?(answer: Outgoing, name: string, value: string): void;
  /** Requirements that depend on the request, in the place of fixed ones. @throws {AuthError} if the request does not say what they are */
  compiledFor?(request: Incoming, realm: TokenVerifier): Compiled;
  /** Whether the route is open to all. Called only when a request would be refused. */
  isOpen?(request: Incoming): boolean;
  /** The protected resource that a request is for, which challenges name (RFC 9728 §5.1); `undefined` if none. */
  resourceOf?(request: Incoming): ChallengedResource | undefined;
  /**
   * Called for every refusal, not for errors of our own. Must not throw.
   *
   * @param principal the caller if the token is good and a requirement is not met, else `null`
   */
  onDenied?(request: Incoming, error: AuthError, principal: Principal | null): void;
  /** Called for every request that is let in by a token. Must not throw. */
  onAdmitted?(request: Incoming, principal: Principal): void;
}

/** Decides on requests, in every framework. */
export interface RequestGuard<Incoming, Outgoing> {
  /**
   * The caller: at once if the token is known, as a promise otherwise. `null`: no caller, and none is required.
   *
   * @throws {AuthError} (or rejects with one) where the request is refused; or another `Error`, which is a fault here
   */
  decide(request: Incoming, answer: Outgoing): Principal | null | Promise<Principal | null>;
  /**
   * Refuses a request for a reason from elsewhere, as the guard itself would: `onDenied` is called, and the challenge
   * says the same.
   *
   * @throws {AuthError} the refusal; or `error` itself if it is a fault
   */
  refuse(request: Incoming, error: unknown, principal?: Principal | null): Principal | null;
  /**
   * Decides on a caller from elsewhere.
   *
   * @throws {AuthError} (or rejects with) the refusal; or another `Error`, which is a fault here
   */
  admit(request: Incoming, caller: Principal): Principal | null | Promise<Principal | null>;
  /** A refusal as clients get it. `onDenied` is not called: the request may still pass by other means. */
  toRefusal(request: Incoming, error: AuthError): AuthError;
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

/** @throws {OptionsError} for a requirement that is misspelt or empty */
export function createRequestGuard<Incoming, Outgoing>(
  verifier: TokenVerifier,
  options: GuardOptions,
  plainHost: RequestGuardHost<Incoming, Outgoing>,
): RequestGuard<Incoming, Outgoing> {
  // Without a prototype: what stands on every object opens no route.
  const host: RequestGuardHost<Incoming, Outgoing> = Object.assign(Object.create(null), plainHost);
  const { sender } = verifier;
  const { onAdmitted } = host;
  const { optional, requirements, dpop = sender?.mode ?? 'off' } = split(options);
  if (dpop !== 'off' && sender === undefined)
    throw wrongOption('dpop', 'needs a verifier of createVerifier or combineVerifiers', "'off'");
  // The own client and its roles, and what a level of sign-in says, are others in each realm.
  const fixedFor = ofEach((realm: TokenVerifier) => compile(requirements, realm));
  fixedFor(verifier);
  const { refusalFor, refuse } = createRefusals(sender, dpop, host);

  /** In the realm of a request: at once where it is known. */
  function within(
    request: Incoming,
    act: (realm: TokenVerifier) => Principal | null | Promise<Principal | null>,
  ): Principal | null | Promise<Principal | null> {
    if (host.verifierOf === undefined) return act(verifier);
    let realm: TokenVerifier | Promise<TokenVerifier>;
    try {
      realm = host.verifierOf(request);
    } catch (error) {
      return refuse(request, error, schemeOf(request));
    }
    if (!isThenable(realm)) return act(realm as TokenVerifier);
    const fail = (error: unknown) => refuse(request, error, schemeOf(request));
    return keepAlive((realm as Promise<TokenVerifier>).then(act, fail));
  }

  function decideIn(
    realm: TokenVerifier,
    request: Incoming,
    answer: Outgoing,
  ): Principal | null | Promise<Principal | null> {
    let by: Means = 'Bearer';
    let caller: unknown;
    let nobody: AuthError | undefined;
    const { sender } = realm;
    try {
      const plain = host.toRequest(request);
      const header = authorizationOf(plain);
      const session = host.sessionOf?.(request);
      if (header === undefined && session !== undefined) {
        by = 'session';
        caller = session(request, answer);
      } else if (header === undefined && optional) {
        return null;
      } else {
        const read = readCredentials(plain, dpop !== 'off', header);
        if (typeof read === 'string') {
          caller = sender === undefined ? realm.verify(read) : sender.verifyBearer(realm, read, plain, dpop);
        } else if (read instanceof DpopCredentials) {
          by = 'DPoP';
          caller = (sender as SenderCheck).verifyProved(realm, read.token, plain, {
            originOf: () => host.originOf?.(request),
            sendNonce: (nonce) => host.setHeader?.(answer, 'dpop-nonce', nonce),
          });
        } else if (session !== undefined && isForOthers(read, header)) {
          by = 'session';
          nobody = read;
          caller = session(request, answer);
        } else throw read;
      }
    } catch (error) {
      return refuse(request, error, by);
    }
    return isThenable(caller)
      ? keepAlive(
          Promise.resolve(caller).then(
            (late: unknown) => admit(request, late, by, realm, nobody),
            (error: unknown) => refuse(request, error, by),
          ),
        )
      : admit(request, caller, by, realm, nobody);
  }

  /**
   * An application may bring its own verifier: what is not a principal lets nobody in. Only a session may say that `nobody` is there.
   */
  function admit(
    request: Incoming,
    caller: unknown,
    by: Means,
    realm: TokenVerifier,
    nobody?: AuthError,
  ): Principal | null {
    if (!isPrincipal(caller)) {
      if (caller !== null || by !== 'session') return refuse(request, new TypeError(NO_PRINCIPAL), by);
      return optional ? null : refuse(request, nobody ?? new AuthError('missing_token', NOBODY), by);
    }
    try {
      const { check, tenant } = host.compiledFor?.(request, realm) ?? fixedFor(realm);
      check(caller);
      if (onAdmitted !== undefined && by !== 'session') onAdmitted(request, caller);
      return tenant === undefined || caller.tenant === tenant ? caller : actingFor(caller, tenant);
    } catch (error) {
      return refuse(request, error, by, caller);
    }
  }

  const schemeOf = (request: Incoming): Means => (hasDpopScheme(host.toRequest(request)) ? 'DPoP' : 'Bearer');

  return {
    decide: (request, answer) => within(request, (realm) => decideIn(realm, request, answer)),
    refuse: (request, error, principal) => refuse(request, error, schemeOf(request), principal),
    admit: (request, caller) => within(request, (realm) => admit(request, caller, schemeOf(request), realm)),
    toRefusal: (request, error) => refusalFor(request, error, schemeOf(request)),
    requirements,
    isOptional: optional,
  };
}

/** The refusals of a guard: with their challenge, and for a person at a page the way to sign in again. */
function createRefusals<Incoming, Outgoing>(
  sender: SenderCheck | undefined,
  dpop: DpopMode,
  host: RequestGuardHost<Incoming, Outgoing>,
) {
  function refusalFor(request: Incoming, error: AuthError, by: Means): AuthError {
    const proof = sender?.challenged(dpop, by === 'DPoP' ? 'DPoP' : 'Bearer');
    return toRefusal(error, host.resourceOf?.(request), proof);
  }

  function refuse(
    request: Incoming,
    error: unknown,
    by: Means,
    principal: Principal | null = null,
  ): Principal | null {
    if (host.isOpen?.(request)) return principal;
    // Frameworks take a `throw null` of a check for no error at all.
    if (!(error instanceof Error)) throw new Error('A check threw a value that is not an Error');
    if (!isAuthError(error)) throw error;
    const refusal = refusalFor(request, error, by);
    host.onDenied?.(request, refusal, principal);
    throw (by === 'session' && toSignIn(request, refusal, principal)) || refusal;
  }

  /** A person at a page can do something about it at once. */
  function toSignIn(
    request: Incoming,
    refusal: AuthError,
    principal: Principal | null,
  ): AuthError | undefined {
    const { signIn, tenant = principal?.tenant } = refusal;
    if (signIn === undefined && refusal.tenant === undefined) return undefined;
    const location = host.sessionOf?.(request)?.stepUp?.(request, { signIn, tenant });
    if (location === undefined) return undefined;
    const headers = { location, 'cache-control': 'no-store' };
    return new AuthError('step_up_redirect', refusal.reason, { ...refusal, signIn, tenant, headers });
  }

  return { refusalFor, refuse };
}

function hasDpopScheme(request: RequestLike): boolean {
  return /^dpop /i.test(authorizationOf(request) ?? '');
}

/** How the caller was found. */
type Means = 'Bearer' | 'DPoP' | 'session';

export const NO_PRINCIPAL = 'The verifier gave neither a principal nor an error';
const NOBODY = 'The request has neither a token nor a session';

/** A verifier of the application's own may give anything. */
export function isPrincipal(value: unknown): value is Principal {
  if (typeof value !== 'object' || value === null) return false;
  const { issuer, claims } = value as Partial<Principal>;
  return typeof issuer === 'string' && typeof claims === 'object' && claims !== null;
}

/** @throws {OptionsError} if `optional` is not a boolean (`'false'` would open the route), or `dpop` is not a mode */
function split(options: GuardOptions): {
  optional: boolean;
  requirements: Requirements;
  dpop?: DpopMode | undefined;
} {
  // Spread out, a promise or a Map would be an object without requirements.
  if (!isPlainObject(options)) {
    return { optional: false, requirements: options };
  }
  const { optional = false, dpop, ...requirements } = options as GuardOptions;
  for (const name of ['optional', 'dpop'] as const) {
    const example = name === 'dpop' ? DPOP_MODE.example : 'true';
    if (Object.hasOwn(options, name) && options[name] === undefined)
      throw wrongOption(name, 'is undefined: give it a value, or leave it out', example);
  }
  if (typeof optional !== 'boolean') throw wrongOption('optional', 'must be true or false', 'true');
  if (dpop !== undefined && !DPOP_MODE.accepts(dpop))
    throw wrongOption('dpop', DPOP_MODE.rule, DPOP_MODE.example);
  return { optional, requirements, dpop };
}

function wrongOption(option: string, rule: string, example: string): OptionsError {
  const problem: OptionProblem = { option, rule, example };
  return new OptionsError('guard', [problem]);
}
