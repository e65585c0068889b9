import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Requirements } from '../../core/index.ts';
import type { SessionAuthenticator as CoreSessionAuthenticator, Gate } from '../../core/internal.ts';
import { type OnDenied as AdapterOnDenied, type Asking, toCallbackGuard } from '../engine/internal.ts';
import type { Refuse } from './refuse.ts';

/** What a route requires, which may be a function of the request. `{}`: any valid token; `optional`: or no token at all. */
export type GuardOptions = Asking<FastifyRequest>;

/** Called for each refused request, for an audit log. Its result is ignored. */
export type OnDenied = AdapterOnDenied<FastifyRequest>;

/**
 * Finds the caller by a session cookie without an `Authorization` header. `null` without a session.
 * Throws or rejects with an `AuthError`.
 */
export type SessionAuthenticator = CoreSessionAuthenticator<FastifyRequest, FastifyReply>;

/** A synchronous `onRequest` hook: a known token costs no promise. */
export interface GuardHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

export function toGuardHook(gate: Gate<FastifyRequest, FastifyReply>, refuse: Refuse): GuardHook {
  const hook = toCallbackGuard<FastifyRequest, FastifyReply, HookHandlerDoneFunction>(gate, refuse);
  return Object.assign(hook, { requirements: gate.requirements, isOptional: gate.isOptional });
}
