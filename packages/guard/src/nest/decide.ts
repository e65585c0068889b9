import type { ExecutionContext } from '@nestjs/common';
import type { Door } from '../adapter/internal.ts';
import type { Principal } from '../core/index.ts';
import { type Gate, isThenable, type Log, toJsonAnswer } from '../core/internal.ts';
import { type Call, carrierOf, kindOf } from './call.ts';
import { toException, toHttpException } from './refusal.ts';
import { UnknownContextError } from './to-call.ts';

// What a guard of Nest's does, but for where the requirements come from.

/**
 * Lets a call in, and puts the principal where it belongs.
 *
 * @throws an exception of Nest's (or rejects with one) where the call is refused
 */
export function decide(
  door: Pick<Door<Call, Call, never>, 'refusalOf'>,
  gate: Gate<Call, Call>,
  context: ExecutionContext,
  call: Call,
): true | Promise<true> {
  let found: Principal | null | Promise<Principal | null>;
  try {
    found = gate.decide(call, call);
  } catch (error) {
    return refuse(door, error, context, call);
  }
  return isThenable(found)
    ? found.then(
        (principal) => admit(principal, context, call),
        (error: unknown) => refuse(door, error, context, call),
      )
    : admit(found, context, call);
}

/** Answers as the kind of context does: with an exception, which it throws or rejects with. */
export function refuse(
  door: Pick<Door<Call, Call, never>, 'refusalOf'>,
  error: unknown,
  context: ExecutionContext,
  call: Call,
): Promise<never> {
  const answer = door.refusalOf(error, call);
  if (answer === undefined) throw error;
  const kind = kindOf(context);
  if (kind === 'ws' || kind === 'rpc') return toException(kind, answer, error).then(rethrow);
  const { 'content-type': _, ...headers } = answer.headers;
  call.addToAnswer({ headers: kind === 'http' ? headers : {}, setCookies: answer.setCookies });
  throw toHttpException(kind, answer, error);
}

/** Nobody gets in where it is not known how to find out who is calling: the log says what is missing. */
export function refuseUnknown(
  error: unknown,
  context: ExecutionContext,
  log: Pick<Log, 'error'>,
): Promise<never> {
  if (!(error instanceof UnknownContextError)) throw error;
  log.error({}, `${error.message}. The call is refused`);
  return toException(kindOf(context), MISCONFIGURED, error).then(rethrow);
}

const MISCONFIGURED = toJsonAnswer(500, {}, { detail: 'Internal Server Error' });

function rethrow(exception: Error): never {
  throw exception;
}

function admit(principal: Principal | null, context: ExecutionContext, { carrier }: Call): true {
  if (principal !== null) carrier.principal = principal;
  else forget(context);
  return true;
}

/**
 * A connection lives longer than a message: who was there before may be gone. On a request, what the application found out
 * itself stays.
 */
export function forget(context: ExecutionContext): void {
  if (kindOf(context) === 'http') return;
  const carrier = carrierOf(context);
  if (carrier?.principal !== undefined) delete carrier.principal;
}
