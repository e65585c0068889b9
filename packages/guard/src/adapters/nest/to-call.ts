import type { ExecutionContext } from '@nestjs/common';
import {
  type Call,
  carrierOf,
  graphqlRequestOf,
  graphqlResponseOf,
  isRequest,
  type Kind,
  kindOf,
  NOT_RECEIVED,
  type Outgoing,
} from './call.ts';
import { toHttpCall } from './http-call.ts';
import { createHandshakes, type Handshakes, toWsCall } from './ws-call.ts';

/** Finds the token of a message. Returns `undefined` or `null` if the message has none. */
export type TokenReader = (context: ExecutionContext) => string | null | undefined;

/** Token readers by kind of context. */
export type TokenReaders = Partial<Record<Exclude<Kind, 'http'>, TokenReader | undefined>>;

/** The token of a context cannot be located. */
export class UnknownContextError extends Error {
  override readonly name = 'UnknownContextError';
}

/** Reads every context of an app. */
export type CallReader = ReturnType<typeof createCallReader>;

export function createCallReader(readers: TokenReaders = {}) {
  const handshakes = createHandshakes();
  return {
    handshakes,
    /** @throws {UnknownContextError} */
    toCall: (context: ExecutionContext): Call => toCall(context, readers, handshakes),
  };
}

/** @throws {UnknownContextError} if the token cannot be located: the call must then be refused */
function toCall(context: ExecutionContext, readers: TokenReaders, handshakes: Handshakes): Call {
  const kind = kindOf(context);
  if (kind === undefined) {
    throw new UnknownContextError(
      `A context of type "${context.getType()}" is unknown: known are http, graphql, ws and rpc`,
    );
  }
  const read = kind === 'http' ? undefined : readers[kind];
  return (read && toReadCall(context, read)) ?? toKnownCall(context, kind, handshakes) ?? refuse(kind);
}

function toKnownCall(context: ExecutionContext, kind: Kind, handshakes: Handshakes): Call | undefined {
  switch (kind) {
    case 'http': {
      const request: unknown = context.getArgByIndex(0);
      return isRequest(request)
        ? toHttpCall(context, request, context.getArgByIndex<Outgoing>(1))
        : undefined;
    }
    case 'graphql': {
      const request = graphqlRequestOf(context);
      return request && toHttpCall(context, request, graphqlResponseOf(context));
    }
    case 'ws':
      return toWsCall(context, handshakes);
    case 'rpc':
      return undefined;
  }
}

/** The application's reader finds the token; no other place is searched. */
function toReadCall(context: ExecutionContext, read: TokenReader): Call | undefined {
  const carrier = carrierOf(context);
  if (carrier === undefined) return undefined;
  const token = read(context);
  const headers = typeof token === 'string' ? { authorization: `Bearer ${token}` } : {};
  return {
    context,
    request: undefined,
    credentials: { headers },
    carrier,
    toWire: () => NOT_RECEIVED,
    addToAnswer() {},
  };
}

const WHERE: Readonly<Record<Kind, string>> = {
  http: 'The first argument of a context of type "http" is not a request',
  graphql:
    'The GraphQL context has no request: put it there as req, or say where the token is with tokenFrom.graphql',
  ws: 'The handshake of this client is unknown: call handshake(client, request) of KeycloakService (KeycloakConnectService) in handleConnection, or say where the token is with tokenFrom.ws',
  rpc: 'Each transport has another place for a token: say where it is with tokenFrom.rpc',
};

function refuse(kind: Kind): never {
  throw new UnknownContextError(WHERE[kind]);
}
