import type { ExecutionContext } from '@nestjs/common';
import type { Door } from '../adapter/internal.ts';
import type { Principal } from '../core/index.ts';
import { type Gate, isThenable, type Log, toJsonAnswer } from '../core/internal.ts';
import { toGuardOptions } from './access.ts';
import { type Call, carrierOf, kindOf } from './call.ts';
import { toException, toHttpException } from './refusal.ts';
import { UnknownContextError } from './to-call.ts';

/** Decides on every context that a guard is asked about. */
export type Admission = (context: ExecutionContext) => boolean | Promise<boolean>;

type NestDoor = Pick<Door<Call, Call>, 'gate' | 'refusalOf'>;

/** @param toCall throws an `UnknownContextError` where it is not known how the context says who is calling */
export function createAdmission(
  door: NestDoor,
  toCall: (context: ExecutionContext) => Call,
  log: Pick<Log, 'error'>,
): Admission {
  const gateOf = createGates(door);
  /** A guard of the app and one of a decorator look at the same request: it is decided on once. */
  const decided = new WeakMap<object, { readonly gate: object; readonly admitted: ReturnType<Admission> }>();

  function decide(context: ExecutionContext, gate: Gate<Call, Call>): boolean | Promise<boolean> {
    const call = toCall(context);
    let found: Principal | null | Promise<Principal | null>;
    try {
      found = gate.decide(call, call);
    } catch (error) {
      return refuse(error, context, call);
    }
    return isThenable(found)
      ? found.then(
          (principal) => admit(principal, context, call),
          (error: unknown) => refuse(error, context, call),
        )
      : admit(found, context, call);
  }

  function refuse(error: unknown, context: ExecutionContext, call: Call): Promise<never> {
    const answer = door.refusalOf(error, call);
    if (answer === undefined) throw error;
    const kind = kindOf(context);
    if (kind === 'ws' || kind === 'rpc') {
      return toException(kind, answer, error).then((exception) => {
        throw exception;
      });
    }
    const { 'content-type': _, ...headers } = answer.headers;
    call.addToAnswer({ headers: kind === 'http' ? headers : {}, setCookies: answer.setCookies });
    throw toHttpException(kind, answer, error);
  }

  return (context) => {
    const gate = gateOf(context.getClass(), context.getHandler());
    if (gate === null) {
      forget(context);
      return true;
    }
    try {
      const carrier = kindOf(context) === 'http' ? carrierOf(context) : undefined;
      const before = carrier && decided.get(carrier);
      if (before?.gate === gate) return before.admitted;
      const admitted = decide(context, gate);
      if (carrier !== undefined) decided.set(carrier, { gate, admitted });
      return admitted;
    } catch (error) {
      if (!(error instanceof UnknownContextError)) throw error;
      log.error({}, `${error.message}. The call is refused`);
      return toException(kindOf(context), MISCONFIGURED, error).then((exception) => {
        throw exception;
      });
    }
  };
}

const MISCONFIGURED = toJsonAnswer(500, {}, { detail: 'Internal Server Error' });

/** A gate for each handler of each class, made when it is first called. */
function createGates(door: Pick<NestDoor, 'gate'>) {
  const gates = new WeakMap<object, WeakMap<object, Gate<Call, Call> | null>>();
  return (controller: object, handler: object): Gate<Call, Call> | null => {
    let ofClass = gates.get(controller);
    if (ofClass === undefined) {
      ofClass = new WeakMap();
      gates.set(controller, ofClass);
    }
    let gate = ofClass.get(handler);
    if (gate === undefined) {
      const options = toGuardOptions(controller, handler);
      gate = options === null ? null : door.gate(options);
      ofClass.set(handler, gate);
    }
    return gate;
  };
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
function forget(context: ExecutionContext): void {
  if (kindOf(context) === 'http') return;
  const carrier = carrierOf(context);
  if (carrier?.principal !== undefined) delete carrier.principal;
}
