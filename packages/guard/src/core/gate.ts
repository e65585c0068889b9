import { authorizationOf, type RequestLike, readCredentials } from './credentials.ts';
import { AuthError, isAuthError, OptionsError } from './errors.ts';
import type { Principal } from './principal.ts';
import { type Requirements, toGuard } from './requirements.ts';
import type { TokenVerifier } from './verifier.ts';

/** What a route requires. `{}`: a good token, whoever it belongs to. */
export interface GuardOptions extends Requirements {
  /** Lets requests without an `Authorization` header pass, with no principal. Default false. */
  readonly optional?: boolean;
}

/**
 * Finds out who is calling where there is no bearer token: by a session cookie. `null`: nobody is.
 * Throws or rejects with an `AuthError`.
 */
export type SessionAuthenticator<Incoming, Outgoing> = (
  request: Incoming,
  answer: Outgoing,
) => Principal | null | Promise<Principal | null>;

/** What an adapter brings along: its framework's request and answer, and where in them is what the gate needs. */
export interface GateHost<Incoming, Outgoing> {
  toRequest(request: Incoming): RequestLike;
  /** How sessions are read; `undefined` where there are none. */
  sessionOf?(request: Incoming): SessionAuthenticator<Incoming, Outgoing> | undefined;
  /** Whether the route is open: whoever calls gets in. Asked only about who would be refused. */
  isOpen?(request: Incoming): boolean;
  /**
   * Told of each refusal that is not a fault here. Must not throw.
   *
   * @param principal who is calling where the token is good and a requirement is not met, else `null`
   */
  onDenied?(request: Incoming, error: AuthError, principal: Principal | null): void;
}

/** Decides on requests, in every framework. */
export interface Gate<Incoming, Outgoing> {
  /**
   * Who is calling: at once when the token is known, as a promise otherwise. `null`: nobody, and nobody has to be.
   *
   * @throws {AuthError} (or rejects with one) where the request is refused; or another `Error`, which is a fault here
   */
  decide(request: Incoming, answer: Outgoing): Principal | null | Promise<Principal | null>;
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

/** @throws {OptionsError} for a requirement that is misspelt or empty */
export function createGate<Incoming, Outgoing>(
  verifier: TokenVerifier,
  options: GuardOptions,
  host: GateHost<Incoming, Outgoing>,
): Gate<Incoming, Outgoing> {
  const { optional, requirements } = split(options);
  const guard = toGuard(requirements, verifier.clientId);

  function decide(request: Incoming, answer: Outgoing): Principal | null | Promise<Principal | null> {
    let mayBeNobody = false;
    let found: unknown;
    try {
      const wire = host.toRequest(request);
      const header = authorizationOf(wire);
      const session = host.sessionOf?.(request);
      if (header === undefined && session !== undefined) {
        mayBeNobody = true;
        found = session(request, answer);
      } else if (header === undefined && optional) {
        return null;
      } else {
        const read = readCredentials(wire);
        if (typeof read === 'string') found = verifier.verify(read);
        else if (session !== undefined && isForOthers(read, header))
          found = orElse(session(request, answer), read);
        else throw read;
      }
    } catch (error) {
      return refuse(request, error);
    }
    return isThenable(found)
      ? Promise.resolve(found).then(
          (late: unknown) => admit(request, late, mayBeNobody),
          (error: unknown) => refuse(request, error),
        )
      : admit(request, found, mayBeNobody);
  }

  /** A verifier may be somebody's own: what is no principal lets nobody in. That nobody is there, a session alone says. */
  function admit(request: Incoming, found: unknown, mayBeNobody: boolean): Principal | null {
    if (!isPrincipal(found)) {
      if (found !== null || !mayBeNobody) return refuse(request, new TypeError(NO_PRINCIPAL));
      return optional ? null : refuse(request, new AuthError('missing_token', NOBODY));
    }
    try {
      guard(found);
    } catch (error) {
      return refuse(request, error, found);
    }
    return found;
  }

  function refuse(request: Incoming, error: unknown, principal: Principal | null = null): Principal | null {
    if (host.isOpen?.(request)) return principal;
    // Frameworks take a `throw null` of a check for no error at all.
    const refusal = error instanceof Error ? error : new Error('A check threw what is not an error');
    if (isAuthError(refusal)) host.onDenied?.(request, refusal, principal);
    throw refusal;
  }

  return { decide, requirements, isOptional: optional };
}

const NO_PRINCIPAL = 'The verifier gave neither a principal nor an error';
const NOBODY = 'The request has neither a token nor a session';

function isPrincipal(found: unknown): found is Principal {
  if (typeof found !== 'object' || found === null) return false;
  const { issuer, claims } = found as Partial<Principal>;
  return typeof issuer === 'string' && typeof claims === 'object' && claims !== null;
}

/** Of whichever make: a promise that is not looked into is no principal. */
export function isThenable(found: unknown): found is PromiseLike<unknown> {
  return typeof (found as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** @throws {OptionsError} where `optional` is not a boolean: `'false'` would open the route */
function split(options: GuardOptions): { optional: boolean; requirements: Requirements } {
  if (typeof options !== 'object' || Array.isArray(options)) {
    return { optional: false, requirements: options };
  }
  const { optional = false, ...requirements } = options;
  if (typeof optional === 'boolean') return { optional, requirements };
  throw new OptionsError('guard', [{ option: 'optional', rule: 'must be true or false', example: 'true' }]);
}

/**
 * Whether the `Authorization` header is for somebody else, so that the session counts: `Basic` is for a proxy in front,
 * and comes with every request. Where it is a token, or comes twice, the session does not count.
 */
function isForOthers({ code }: AuthError, header = ''): boolean {
  return header === '' || (code === 'unsupported_scheme' && !/^bearer/i.test(header));
}

/** Whether a session decides about a request, where there are sessions. */
export function isForSession(wire: RequestLike): boolean {
  const header = authorizationOf(wire);
  const read = header === undefined ? undefined : readCredentials(wire);
  return read === undefined || (typeof read === 'object' && isForOthers(read, header));
}

/** Without a session the header is refused. */
function orElse(found: Principal | null | Promise<Principal | null>, refusal: AuthError): unknown {
  const check = (principal: Principal | null): Principal => {
    if (principal === null) throw refusal;
    return principal;
  };
  return isThenable(found) ? Promise.resolve(found).then(check) : check(found);
}
