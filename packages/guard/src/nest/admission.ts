import type { ExecutionContext } from '@nestjs/common';
import type { Door } from '../adapter/internal.ts';
import type { Gate, Log } from '../core/internal.ts';
import { toGuardOptions } from './access.ts';
import { type Call, carrierOf, kindOf } from './call.ts';
import { decide, forget, refuseUnknown } from './decide.ts';

/** Decides on every context that a guard is asked about. */
export type Admission = (context: ExecutionContext) => boolean | Promise<boolean>;

type NestDoor = Pick<Door<Call, Call, never>, 'gate' | 'refusalOf'>;

/** @param toCall throws an `UnknownContextError` where it is not known how the context says who is calling */
export function createAdmission(
  door: NestDoor,
  toCall: (context: ExecutionContext) => Call,
  log: Pick<Log, 'error'>,
): Admission {
  const gateOf = createGates(door);
  /** A guard of the app and one of a decorator look at the same request: it is decided on once. */
  const decided = new WeakMap<object, { readonly gate: object; readonly admitted: ReturnType<Admission> }>();

  return (context) => {
    const gate = gateOf(context.getClass(), context.getHandler());
    if (gate === null) {
      forget(context);
      return true;
    }
    const request = kindOf(context) === 'http' ? carrierOf(context) : undefined;
    const before = request && decided.get(request);
    if (before?.gate === gate) return before.admitted;
    let call: Call;
    try {
      call = toCall(context);
    } catch (error) {
      return refuseUnknown(error, context, log);
    }
    const admitted = decide(door, gate, context, call);
    if (request !== undefined) decided.set(request, { gate, admitted });
    return admitted;
  };
}

/** A gate for each handler of each class, made when it is first called; `null` where it is open. */
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
