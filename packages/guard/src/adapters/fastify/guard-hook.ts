import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Principal, Requirements, TokenVerifier } from '../../core/index.ts';
import {
  type GuardOptions as CoreGuardOptions,
  type SessionAuthenticator as CoreSessionAuthenticator,
  createGate,
  type Gate,
  type GateHost,
} from '../../core/internal.ts';
import { type OnDenied as AdapterOnDenied, type ProtectedResources, tell } from '../engine/index.ts';
import { createRefuse } from './refuse.ts';

/** What a route requires. `{}`: a good token, whoever it belongs to; `optional`: or no token at all. */
export type GuardOptions = CoreGuardOptions;

/** Called when a request is refused, for an audit log. What it returns or throws changes nothing. */
export type OnDenied = AdapterOnDenied<FastifyRequest>;

/**
 * Finds out who is calling where there is no `Authorization` header: by a session cookie. `null`: nobody is.
 * Throws or rejects with an `AuthError`.
 */
export type SessionAuthenticator = CoreSessionAuthenticator<FastifyRequest, FastifyReply>;

/** A synchronous `onRequest` hook: a known token costs no promise. */
export interface GuardHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

interface Reporting {
  /** What challenges name. Of the plugin: a request that no route is found for may be another scope's. */
  readonly resources: ProtectedResources;
  readonly onDenied?: OnDenied | undefined;
  readonly logRefusals: boolean;
}

interface HookSettings extends Reporting {
  readonly explain?: boolean | undefined;
  /** It guards a whole scope: routes may be left out. */
  readonly isForAll?: boolean;
}

/** @throws {OptionsError} for a requirement that is misspelt or empty */
export function createGuardHook(
  verifier: TokenVerifier,
  options: GuardOptions,
  { explain, isForAll = false, ...reporting }: HookSettings,
): GuardHook {
  const refuse = createRefuse(explain);
  const gate = createGate<FastifyRequest, FastifyReply>(verifier, options, {
    ...toGateHost(reporting),
    sessionOf: (request) => request.server.sessionAuthenticator,
    isOpen: (request) => isForAll && request.routeOptions.config.guard === false,
  });

  function guardHook(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    let decided: Principal | null | Promise<Principal | null>;
    try {
      decided = gate.decide(request, reply);
    } catch (error) {
      refuse(error, request, reply, done);
      return;
    }
    if (decided instanceof Promise) {
      decided.then(
        (principal) => admit(request, principal, done),
        (error: unknown) => refuse(error, request, reply, done),
      );
    } else admit(request, decided, done);
  }

  return Object.assign(guardHook, { requirements: gate.requirements, isOptional: gate.isOptional });
}

/** A gate without requirements that takes tokens alone, and no session cookies. */
export function createTokenGate(
  verifier: TokenVerifier,
  reporting: Reporting,
): Gate<FastifyRequest, FastifyReply> {
  return createGate(verifier, {}, toGateHost(reporting));
}

function toGateHost({ resources, onDenied, logRefusals }: Reporting): GateHost<FastifyRequest, FastifyReply> {
  return {
    toRequest: (request) => request.raw,
    originOf: (request) => `${request.protocol}://${request.host}`,
    setHeader: (reply, name, value) => reply.header(name, value),
    resourceOf: (request) => resources.find(request.url),
    onDenied(request, refusal, principal) {
      const { code, reason, expected, seen } = refusal;
      if (logRefusals) request.log.debug({ code, reason, expected, seen }, 'access refused');
      if (onDenied !== undefined) tell(request.log, 'onDenied', () => onDenied(request, refusal, principal));
    },
  };
}

/** Where nobody has to be there, what the application found out itself stays. */
function admit(request: FastifyRequest, principal: Principal | null, done: HookHandlerDoneFunction): void {
  if (principal !== null) request.principal = principal;
  done();
}
