import type { ExecutionContext } from '@nestjs/common';
import type { Principal } from '../../core/index.ts';
import { FAULT, type Gate, type Log, settle } from '../../core/internal.ts';
import type { Decide, Door } from '../engine/internal.ts';
import { type Call, carrierOf, kindOf } from './call.ts';
import { toException, toHttpException } from './refusal.ts';
import { UnknownContextError } from './to-call.ts';

// Shared by the guards of `nest` and `nest-connect`, whose requirements come from different decorators.

/** What a handler requires. */
export interface Check {
  readonly gate: Gate<Call, Call>;
  readonly permit?: Decide<Call> | undefined;
}

/**
 * Admits a call and stores its principal.
 *
 * @throws one of Nest's exceptions, or rejects with one, if the call is refused
 */
export function decide(
  door: Pick<Door<Call, Call, never>, 'refusalOf'>,
  { gate, permit }: Check,
  context: ExecutionContext,
  call: Call,
): true | Promise<true> {
  const refuseThis = (error: unknown) => refuse(door, error, context, call);
  const take = (principal: Principal | null) => admit(principal, context, call);
  return settle<Principal | null, true>(
    () => gate.decide(call, call),
    (principal) =>
      permit === undefined
        ? take(principal)
        : settle<void, true>(
            () => permit(call, principal, context),
            () => take(principal),
            refuseThis,
          ),
    refuseThis,
  );
}

/** Refuses with the exception that fits the kind of context: thrown, or as a rejection. */
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

/** Refuses a call whose token cannot be located. The log gives the reason. */
export function refuseUnknown(
  error: unknown,
  context: ExecutionContext,
  log: Pick<Log, 'error'>,
): Promise<never> {
  if (!(error instanceof UnknownContextError)) throw error;
  log.error({}, `${error.message}. The call is refused`);
  return toException(kindOf(context), FAULT, error).then(rethrow);
}

function rethrow(exception: Error): never {
  throw exception;
}

function admit(principal: Principal | null, context: ExecutionContext, { carrier }: Call): true {
  if (principal !== null) carrier.principal = principal;
  else forget(context);
  return true;
}

/**
 * A connection outlives its messages, so the principal of an earlier message must not stay on it. On an HTTP request, a
 * principal that the application set itself stays.
 */
function forget(context: ExecutionContext): void {
  if (kindOf(context) === 'http') return;
  const carrier = carrierOf(context);
  if (carrier?.principal !== undefined) delete carrier.principal;
}
