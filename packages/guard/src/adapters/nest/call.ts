import type { ExecutionContext } from '@nestjs/common';
import type { Principal } from '../../core/index.ts';
import type { Answer, RequestLike } from '../../core/internal.ts';
import type { SessionRequest } from '../../session/index.ts';
import type { Connection, NodeRequest, NodeResponse } from '../engine/internal.ts';

/** The part of a request that Express and Fastify share. */
export interface KeycloakRequest extends Pick<NodeRequest, 'headers' | 'method' | 'url'> {
  /**
   * The caller of a route. `undefined` if no guard ran, or an optional guard found no token. Fields of GraphQL share their
   * request, and messages their connection: there, `@Principal()` is the caller.
   */
  principal?: Principal;
}

/** A request, a GraphQL operation, or a message on its way to a handler. */
export interface Call {
  /** `undefined` on the module's own routes: sessions and messages. */
  readonly context: ExecutionContext | undefined;
  /** The platform's request. `undefined` if the call has none. */
  readonly request: KeycloakRequest | undefined;
  /** Where the token is read from. */
  readonly credentials: RequestLike;
  toSessionRequest(): Omit<SessionRequest<never>, 'log' | 'source'>;
  addToAnswer(extra: Pick<Answer, 'headers' | 'setCookies'>): void;
}

/** Express's response, or Fastify's reply. */
export type Outgoing =
  | NodeResponse
  | {
      readonly sent: boolean;
      header(name: string, value: string): unknown;
      headers(all: object): unknown;
      getHeader(name: string): unknown;
    };

export type Kind = 'http' | 'graphql' | 'ws' | 'rpc';

const KINDS: readonly Kind[] = ['http', 'graphql', 'ws', 'rpc'];

/** `undefined` for an unknown kind of context. */
export function kindOf(context: ExecutionContext): Kind | undefined {
  const type = context.getType<string>();
  return KINDS.find((one) => one === type);
}

interface GraphqlContext {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly res?: Outgoing;
  readonly reply?: Outgoing & { readonly request?: unknown };
}

/** Resolvers are called with (root, arguments, context, info), `__resolveReference` with (reference, context, info). */
function graphqlArgOf<T>(context: ExecutionContext, name: 'context' | 'info'): T | undefined {
  const isReference = context.getArgByIndex(3) === undefined;
  return context.getArgByIndex<T | undefined>((name === 'context' ? 2 : 3) - (isReference ? 1 : 0));
}

/**
 * The HTTP request of a GraphQL operation: Apollo puts `req` in its context, Mercurius puts Fastify's reply there.
 * `undefined` for a subscription, which has no request.
 */
export function graphqlRequestOf(context: ExecutionContext): KeycloakRequest | undefined {
  const { req, request, reply } = graphqlArgOf<GraphqlContext>(context, 'context') ?? {};
  const candidate = req ?? request ?? reply?.request;
  return isRequest(candidate) ? candidate : undefined;
}

/** `undefined` where there is no answer that takes headers: Mercurius gives a subscription a reply that has none. */
export function graphqlResponseOf(context: ExecutionContext): Outgoing | undefined {
  const { res, reply } = graphqlArgOf<GraphqlContext>(context, 'context') ?? {};
  const outgoing = res ?? reply;
  return outgoing && ('setHeader' in outgoing || 'header' in outgoing) ? outgoing : undefined;
}

export function isRequest(value: unknown): value is KeycloakRequest {
  const { headers } = (value ?? {}) as Partial<KeycloakRequest>;
  return typeof headers === 'object' && headers !== null;
}

/** The object that a call came with: a request, a GraphQL context, a client or a transport's context. It may be shared. */
export function sourceOf(context: ExecutionContext): object | undefined {
  const kind = kindOf(context);
  const source: unknown =
    kind === 'graphql'
      ? (graphqlRequestOf(context) ?? graphqlArgOf(context, 'context'))
      : kind && context.getArgByIndex(kind === 'rpc' ? 1 : 0);
  return isObject(source) ? source : undefined;
}

const isObject = (one: unknown): one is object => typeof one === 'object' && one !== null;

/** Where guards leave what concerns one call of a handler, until its interceptors and parameters are made. */
export interface CallNote {
  /** The caller; `undefined` if an optional guard found no token. */
  principal?: Principal | undefined;
  /** Opens the connection that ends a stream with its caller's token. */
  open?: () => Promise<Connection>;
}

/** Shared by every copy of this package: an application may load it as an ES module and as CommonJS. */
const NOTES = Symbol.for('keycloak-guard.notes');
const shared = globalThis as { [NOTES]?: WeakMap<object, CallNote> };
shared[NOTES] ??= new WeakMap();
const notes = shared[NOTES];

/** The note of a call, for guards: all of them get the same context. */
export function noteOf(context: ExecutionContext): CallNote {
  const before = notes.get(context);
  if (before !== undefined) return before;
  const note: CallNote = {};
  const kind = kindOf(context);
  const key = kind === 'ws' || kind === 'rpc' ? addKey(context, kind) : keyOf(context);
  for (const one of [context, key]) if (one !== undefined) notes.set(one, note);
  return note;
}

/** The note of a call that a guard admitted. Nest makes other contexts for interceptors and parameters, of the same arguments. */
export function findNote(context: ExecutionContext): CallNote | undefined {
  const key = keyOf(context);
  return notes.get(context) ?? (key && notes.get(key));
}

/** The argument that belongs to one call alone. The references of one operation share their info. */
function keyOf(context: ExecutionContext): object | undefined {
  const kind = kindOf(context);
  const first: unknown = context.getArgByIndex(0);
  const isReference = kind === 'graphql' && context.getArgByIndex(3) === undefined;
  if (kind === 'http' || isReference) return isObject(first) ? first : undefined;
  if (kind === 'graphql') return graphqlArgOf(context, 'info');
  return context.getArgs<unknown[]>().find((one): one is object => isObject(one) && notes.has(one));
}

/**
 * Messages have no such argument: client, data and the transport's context may be shared. So one is added, where Nest's own
 * are not. Nest passes it on to interceptors and parameters.
 */
function addKey(context: ExecutionContext, kind: 'ws' | 'rpc'): object {
  const args = context.getArgs<unknown[]>();
  const key = Object.freeze({});
  // The last argument of a gateway is its pattern, the second one of a microservice its context.
  if (kind === 'ws') args.splice(-1, 0, key);
  else args[Math.max(2, args.length)] = key;
  return key;
}
