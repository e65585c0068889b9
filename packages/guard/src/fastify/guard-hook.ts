import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import {
  AuthError,
  authenticate,
  isAuthError,
  OptionsError,
  type Principal,
  type Requirements,
  readBearerToken,
  type TokenVerifier,
  toGuard,
} from '../core/index.ts';
import { tell } from './tell.ts';

/** What a route requires. `{}`: a good token, whoever it belongs to. */
export interface GuardOptions extends Requirements {
  /** Lets requests without an `Authorization` header pass, with `request.principal` null. Default false. */
  readonly optional?: boolean;
}

/**
 * Called when a request is refused, for an audit log. What it returns or throws changes nothing.
 *
 * @param principal who is calling where the token is good and the guard is not met, else `null`
 */
export type OnDenied = (request: FastifyRequest, error: AuthError, principal: Principal | null) => void;

/**
 * Finds out who is calling where there is no `Authorization` header: by a session cookie. `null`: nobody is.
 * Throws or rejects with an `AuthError`.
 */
export type SessionAuthenticator = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Principal | null | Promise<Principal | null>;

/** A synchronous `onRequest` hook: a known token costs no promise. */
export interface GuardHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

interface HookSettings {
  readonly onDenied: OnDenied | undefined;
  readonly logRefusals: boolean;
  /** It guards a whole scope: routes may be left out. */
  readonly isForAll?: boolean;
}

/** @throws {OptionsError} for a requirement that is misspelt or empty */
export function createGuardHook(
  verifier: TokenVerifier,
  options: GuardOptions,
  { onDenied, logRefusals, isForAll = false }: HookSettings,
): GuardHook {
  const { optional, requirements } = split(options);
  const guard = toGuard(requirements, verifier.clientId);

  function admit(request: FastifyRequest, principal: Principal, done: HookHandlerDoneFunction): void {
    try {
      guard(principal);
    } catch (error) {
      refuse(request, error, done, principal);
      return;
    }
    request.principal = principal;
    done();
  }

  function refuse(
    request: FastifyRequest,
    error: unknown,
    done: HookHandlerDoneFunction,
    principal: Principal | null = null,
  ): void {
    // Looked at here alone: whoever is let in anyway pays nothing for it.
    if (isForAll && request.routeOptions.config.guard === false) {
      request.principal = principal;
      done();
      return;
    }
    // Fastify takes a `throw null` of a check for no error at all.
    const refusal = error instanceof Error ? error : new Error('A check threw what is not an error');
    if (isAuthError(refusal)) report(request, refusal, principal);
    done(refusal);
  }

  function report(request: FastifyRequest, refusal: AuthError, principal: Principal | null): void {
    const { code, reason, expected, seen } = refusal;
    if (logRefusals) request.log.debug({ code, reason, expected, seen }, 'access refused');
    if (onDenied !== undefined) tell(request, 'onDenied', () => onDenied(request, refusal, principal));
  }

  function guardHook(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const isBearer = request.raw.headers.authorization !== undefined;
    const bySession = isBearer ? behindHeader(request) : request.server.sessionAuthenticator;
    if (optional && !isBearer && bySession === undefined) {
      done();
      return;
    }
    let found: unknown;
    try {
      found = bySession === undefined ? authenticate(verifier, request.raw) : bySession(request, reply);
      if (isThenable(found)) {
        Promise.resolve(found).then(
          (late: unknown) => admitOrMiss(request, late, bySession !== undefined, done),
          (error: unknown) => refuse(request, error, done),
        );
        return;
      }
    } catch (error) {
      refuse(request, error, done);
      return;
    }
    admitOrMiss(request, found, bySession !== undefined, done);
  }

  /** A verifier may be somebody's own: what is no principal lets nobody in. That nobody is there, a session alone says. */
  function admitOrMiss(
    request: FastifyRequest,
    found: unknown,
    mayBeNobody: boolean,
    done: HookHandlerDoneFunction,
  ): void {
    if (isPrincipal(found)) admit(request, found, done);
    else if (found !== null || !mayBeNobody) refuse(request, new TypeError(NO_PRINCIPAL), done);
    else if (optional) done();
    else
      refuse(request, new AuthError('missing_token', 'The request has neither a token nor a session'), done);
  }
  return Object.assign(guardHook, { requirements, isOptional: optional });
}

const NO_PRINCIPAL = 'The verifier gave neither a principal nor an error';

function isPrincipal(found: unknown): found is Principal {
  if (typeof found !== 'object' || found === null) return false;
  const { issuer, claims } = found as Partial<Principal>;
  return typeof issuer === 'string' && typeof claims === 'object' && claims !== null;
}

/** Of whichever make: a promise that is not looked into is no principal. */
function isThenable(found: unknown): found is PromiseLike<unknown> {
  return typeof (found as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** @throws {OptionsError} where `optional` is not a boolean: `'false'` would open the route */
function split(options: GuardOptions): { optional: boolean; requirements: Requirements } {
  if (typeof options !== 'object' || Array.isArray(options))
    return { optional: false, requirements: options };
  const { optional = false, ...requirements } = options;
  if (typeof optional === 'boolean') return { optional, requirements };
  throw new OptionsError('guard', [{ option: 'optional', rule: 'must be true or false', example: 'true' }]);
}

/**
 * The session of a request whose `Authorization` header is for somebody else: `Basic` is for a proxy in front, and comes
 * with every request. Without a session the header is refused; where it is a token, the session does not count.
 */
function behindHeader({ raw, server: { sessionAuthenticator } }: FastifyRequest) {
  const header = raw.headers.authorization ?? '';
  if (sessionAuthenticator === undefined || /^bearer/i.test(header)) return undefined;
  let refusal: AuthError;
  try {
    readBearerToken(raw);
    return undefined;
  } catch (error) {
    refusal = error as AuthError;
  }
  if (refusal.code !== 'unsupported_scheme' && header !== '') return undefined;
  return async (request: FastifyRequest, reply: FastifyReply): Promise<Principal> => {
    const principal = await sessionAuthenticator(request, reply);
    if (principal === null) throw refusal;
    return principal;
  };
}
