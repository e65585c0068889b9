import type { ExecutionContext } from '@nestjs/common';
import { isThenable, type Log, ofEach } from '../../core/internal.ts';
import type { Connection, ConnectionGuard, Decide, Door } from '../engine/internal.ts';
import { permissionsOf, toGuardOptions } from './access.ts';
import { type Call, carrierOf, kindOf } from './call.ts';
import { type Check, decide, refuseUnknown } from './decide.ts';
import type { GatewayConnections } from './gateway-connections.ts';
import { toBoth, toPermit } from './permission.ts';
import { isStreaming, noteStream } from './streams.ts';

/** Admits or refuses the context that a guard was called with. */
export type Admission = (context: ExecutionContext) => boolean | Promise<boolean>;

type NestDoor = Pick<Door<Call, Call, never>, 'connections' | 'gate' | 'permits' | 'refusalOf'>;

/** What a handler requires, and what ends its stream if it answers with one. */
interface HandlerCheck extends Check {
  readonly stream: ConnectionGuard<Call> | undefined;
}

/**
 * @param toCall throws an `UnknownContextError` if it cannot tell where the context carries the token
 * @param gateways watches the connection of each WebSocket message that was admitted
 * @param paths also decides on every guarded call by its path
 */
export function createAdmission(
  door: NestDoor,
  toCall: (context: ExecutionContext) => Call,
  log: Pick<Log, 'error'>,
  gateways: Pick<GatewayConnections, 'follow' | 'proved'>,
  paths?: Decide<Call> | undefined,
): Admission {
  const checkOf = createChecks(door, paths);
  /** A global guard and a decorator's guard see the same request: it is decided once. */
  const decided = new WeakMap<object, { readonly check: object; readonly admitted: ReturnType<Admission> }>();

  return (context) => {
    const check = checkOf(context.getClass(), context.getHandler());
    if (check === null) return true;
    const request = kindOf(context) === 'http' ? carrierOf(context) : undefined;
    const before = request && decided.get(request);
    if (before?.check === check) return before.admitted;
    let call: Call;
    try {
      call = toCall(context);
    } catch (error) {
      return refuseUnknown(error, context, log);
    }
    const connection = kindOf(context) === 'ws' ? gateways.proved(call) : undefined;
    const gate = connection === undefined ? check.gate : toConnectionGate(check.gate, connection);
    const admitted = decide(door, { ...check, gate }, context, call);
    if (request !== undefined) decided.set(request, { check, admitted });
    if (kindOf(context) === 'ws') return tellOf(admitted, () => gateways.follow(call));
    const { stream } = check;
    return stream === undefined ? admitted : tellOf(admitted, () => noteStream(context, call, stream));
  };
}

function tellOf(admitted: true | Promise<true>, tell: () => void): ReturnType<Admission> {
  if (isThenable(admitted)) return admitted.then(() => tellOf(true, tell));
  tell();
  return true;
}

/** Decides on a message by the connection that it came on: its handshake's proof was good once. */
function toConnectionGate(gate: HandlerCheck['gate'], opening: Promise<Connection>): HandlerCheck['gate'] {
  return { ...gate, decide: async (call) => gate.admit(call, await (await opening).verify()) };
}

/** The check of each handler, made at its first call; `null` if the handler is open. */
function createChecks(door: NestDoor, paths: Decide<Call> | undefined) {
  const ofClass = ofEach((controller: object) =>
    ofEach((handler: object) => makeCheck(door, controller, handler, paths)),
  );
  return (controller: object, handler: object) => ofClass(controller)(handler);
}

function makeCheck(
  door: NestDoor,
  controller: object,
  handler: object,
  paths: Decide<Call> | undefined,
): HandlerCheck | null {
  const options = toGuardOptions(controller, handler);
  if (options === null) return null;
  const permit = toPermit(door.permits, permissionsOf(controller, handler));
  const both = paths && permit ? toBoth(paths, permit) : (paths ?? permit);
  const { optional: _, ...requirements } = options;
  const stream = isStreaming(handler) ? door.connections.guard(requirements) : undefined;
  return { gate: door.gate(options), permit: both, stream };
}
