import type { ExecutionContext } from '@nestjs/common';
import type { Principal } from '../../core/index.ts';
import { type Log, ofEach, type RequestGuard } from '../../core/internal.ts';
import type {
  Connection,
  ConnectionGuard,
  Engine,
  NodeMcp,
  NodeRequest,
  NodeResponse,
  Part,
} from '../engine/internal.ts';
import { isMcp, permissionsOf, toGuardOptions, toPermit } from './access.ts';
import { type Call, kindOf, noteOf } from './call.ts';
import { AnswerError, decide, refuseUnknown } from './decide.ts';
import type { GatewayConnections } from './gateway-connections.ts';
import { isStreaming } from './handlers.ts';

type RequestOf<Platform> = Platform & { readonly raw?: NodeRequest; readonly body?: unknown };
type ResponseOf<Platform> = Platform & { readonly raw?: NodeResponse };

/**
 * The guard of a handler with `@Mcp()`: that of the MCP server, and then what the other decorators require.
 *
 * @param mcp `undefined` without the option `mcp`: then the app does not start, and nobody is let in
 */
function toMcpGuard(
  mcp: Part<NodeMcp<Call, Call>> | undefined,
  guard: RequestGuard<Call, Call>,
): RequestGuard<Call, Call> {
  return {
    ...guard,
    async decide(call) {
      const { context } = call;
      if (mcp === undefined || context === undefined || kindOf(context) !== 'http')
        throw new Error('@Mcp() guards handlers of HTTP requests, by the option mcp of KeycloakModule');
      const request = context.getArgByIndex<RequestOf<NodeRequest>>(0);
      const response = context.getArgByIndex<ResponseOf<NodeResponse>>(1);
      const { raw = request } = request;
      const { admit, readMessage } = await mcp.loading;
      const admitted = await admit(call, call, {
        raw,
        response: response.raw ?? response,
        // Fastify has read it by then.
        read: async () => (raw === request ? readMessage(request) : request.body),
      });
      if (admitted === null) throw new Error('The client went away while its message was read');
      if ('status' in admitted) throw new AnswerError(admitted);
      return guard.admit(call, admitted.principal);
    },
  };
}

/** Admits or refuses the context that a guard was called with. */
export type Admission = (context: ExecutionContext) => boolean | Promise<boolean>;

type NestAdapter = Pick<Engine<Call, Call, never>, 'connections' | 'guard' | 'permits' | 'refusalOf'>;

/**
 * @param toCall throws an `UnknownContextError` if it cannot tell where the context carries the token
 * @param gateways watches the connection of each WebSocket message that was admitted
 * @param mcp decides first on handlers with `@Mcp()`
 */
export function createAdmission(
  engine: NestAdapter,
  toCall: (context: ExecutionContext) => Call,
  log: Pick<Log, 'error'>,
  gateways: Pick<GatewayConnections, 'follow' | 'proved'>,
  mcp: Part<NodeMcp<Call, Call>> | undefined,
): Admission {
  const checkOf = createChecks(engine, mcp);
  /** A global guard and a decorator's guard get the same context: it is decided once. */
  const decided = new WeakMap<ExecutionContext, ReturnType<Admission>>();

  return (context) => {
    const check = checkOf(context.getClass(), context.getHandler());
    if (check === null) return true;
    const before = decided.get(context);
    if (before !== undefined) return before;
    let call: Call;
    try {
      call = toCall(context);
    } catch (error) {
      return refuseUnknown(error, context, log);
    }
    const isMessage = kindOf(context) === 'ws';
    const connection = isMessage ? gateways.proved(context, call) : undefined;
    const guard = connection === undefined ? check.guard : toConnectionGuard(check.guard, connection);
    const { permit, stream } = check;
    const admitted = decide(engine, { guard, permit }, context, call, (principal) => {
      leaveNote(context, call, principal, stream);
      if (isMessage && principal !== null) gateways.follow(context, call);
    });
    decided.set(context, admitted);
    return admitted;
  };
}

function leaveNote(
  context: ExecutionContext,
  call: Call,
  principal: Principal | null,
  stream: ConnectionGuard<Call> | undefined,
): void {
  const note = noteOf(context);
  note.principal = principal ?? undefined;
  if (principal === null) return;
  // A request has one handler, unless it brings an operation of GraphQL.
  if (kindOf(context) === 'http' && call.request !== undefined) call.request.principal = principal;
  if (stream !== undefined) note.open = () => stream.open(call);
}

/** Decides on a message by the connection that it came on: its handshake's proof was good once. */
function toConnectionGuard(guard: ReturnType<NestAdapter['guard']>, opening: Promise<Connection>) {
  return { decide: async (call: Call) => guard.admit(call, await (await opening).verify()) };
}

/** The check of each handler, made at its first call; `null` if the handler is open. */
function createChecks(engine: NestAdapter, mcp: Part<NodeMcp<Call, Call>> | undefined) {
  const ofClass = ofEach((controller: object) =>
    ofEach((handler: object) => makeCheck(engine, controller, handler, mcp)),
  );
  return (controller: object, handler: object) => ofClass(controller)(handler);
}

function makeCheck(
  engine: NestAdapter,
  controller: object,
  handler: object,
  mcp: Part<NodeMcp<Call, Call>> | undefined,
) {
  const options = toGuardOptions(controller, handler);
  if (options === null) return null;
  const permit = toPermit(engine.permits, permissionsOf(controller, handler));
  const { optional: _, ...requirements } = options;
  const stream = isStreaming(handler) ? engine.connections.guard(requirements) : undefined;
  const guard = engine.guard(options);
  return { guard: isMcp(controller, handler) ? toMcpGuard(mcp, guard) : guard, permit, stream };
}
