import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import {
  AuthError,
  authenticate,
  OptionsError,
  type Principal,
  type Requirements,
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
    if (refusal instanceof AuthError) report(request, refusal, principal);
    done(refusal);
  }

  function report(request: FastifyRequest, refusal: AuthError, principal: Principal | null): void {
    const { code, reason, expected, seen } = refusal;
    if (logRefusals) request.log.debug({ code, reason, expected, seen }, 'access refused');
    if (onDenied !== undefined) tell(request, 'onDenied', () => onDenied(request, refusal, principal));
  }

  function guardHook(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const { authorization } = request.raw.headers;
    const bySession = request.server.sessionAuthenticator;
    if (optional && authorization === undefined && bySession === undefined) {
      done();
      return;
    }
    let principal: Principal | null | Promise<Principal | null>;
    try {
      if (bySession === undefined) principal = authenticate(verifier, request.raw);
      else if (authorization === undefined) principal = bySession(request, reply);
      else principal = byTokenOrSession(request, reply, bySession);
    } catch (error) {
      refuse(request, error, done);
      return;
    }
    if (principal instanceof Promise) {
      principal.then(
        (found) => admitOrMiss(request, found, done),
        (error: unknown) => refuse(request, error, done),
      );
    } else {
      admitOrMiss(request, principal, done);
    }
  }

  /** `Authorization: Basic` is for a proxy in front, and comes with every request: it is no reason to hide a session. */
  function byTokenOrSession(
    request: FastifyRequest,
    reply: FastifyReply,
    bySession: SessionAuthenticator,
  ): Principal | Promise<Principal> {
    try {
      return authenticate(verifier, request.raw);
    } catch (error) {
      const isForOthers = (error as AuthError).code === 'unsupported_scheme';
      if (!isForOthers && request.raw.headers.authorization !== '') throw error;
      const found = bySession(request, reply);
      const orRefuse = (principal: Principal | null): Principal => {
        if (principal === null) throw error;
        return principal;
      };
      return found instanceof Promise ? found.then(orRefuse) : orRefuse(found);
    }
  }

  function admitOrMiss(
    request: FastifyRequest,
    principal: Principal | null,
    done: HookHandlerDoneFunction,
  ): void {
    if (principal !== null) admit(request, principal, done);
    else if (optional) done();
    else
      refuse(request, new AuthError('missing_token', 'The request has neither a token nor a session'), done);
  }
  return Object.assign(guardHook, { requirements, isOptional: optional });
}

/** @throws {OptionsError} where `optional` is not a boolean: `'false'` would open the route */
function split(options: GuardOptions): { optional: boolean; requirements: Requirements } {
  if (typeof options !== 'object' || Array.isArray(options))
    return { optional: false, requirements: options };
  const { optional = false, ...requirements } = options;
  if (typeof optional === 'boolean') return { optional, requirements };
  throw new OptionsError('guard', [{ option: 'optional', rule: 'must be true or false', example: 'true' }]);
}
