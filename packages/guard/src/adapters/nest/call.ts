import type { ExecutionContext } from '@nestjs/common';
import type { Principal } from '../../core/index.ts';
import type { Answer, RequestLike } from '../../core/internal.ts';
import type { SessionRequest } from '../../session/index.ts';
import type { NodeRequest, NodeResponse } from '../engine/internal.ts';

/** The part of a request that Express and Fastify share. */
export interface KeycloakRequest extends Pick<NodeRequest, 'headers' | 'method' | 'url'> {
  /** The caller. `undefined` if no guard ran, or an optional guard found no token. */
  principal?: Principal;
}

/** What reaches a handler: a request, a GraphQL operation, or a message. */
export interface Call {
  /** `undefined` on the module's own routes: sessions and messages. */
  readonly context: ExecutionContext | undefined;
  /** The platform's request. `undefined` if the call has none. */
  readonly request: KeycloakRequest | undefined;
  /** Where the token is read from. */
  readonly credentials: RequestLike;
  /** Where the principal is stored. */
  readonly carrier: Carrier;
  toWire(): Omit<SessionRequest<never>, 'log' | 'source'>;
  addToAnswer(extra: Pick<Answer, 'headers' | 'setCookies'>): void;
}

/** An object that lives as long as the call, or as its connection. */
export interface Carrier {
  principal?: Principal;
}

/** Express's response, or Fastify's reply. */
export type Outgoing =
  | NodeResponse
  | { header(name: string, value: string): unknown; headers(all: object): unknown };

export type Kind = 'http' | 'graphql' | 'ws' | 'rpc';

/** `undefined` for an unknown kind of context. */
export function kindOf(context: ExecutionContext): Kind | undefined {
  const type = context.getType<string>();
  return KINDS.find((one) => one === type);
}

const KINDS: readonly Kind[] = ['http', 'graphql', 'ws', 'rpc'];

/** The principal that the guard found. `undefined` if no guard ran. */
export function principalOf(context: ExecutionContext): Principal | undefined {
  return carrierOf(context)?.principal;
}

/** `undefined` if the arguments do not fit the kind of context. */
export function carrierOf(context: ExecutionContext): Carrier | undefined {
  const kind = kindOf(context);
  const found: unknown =
    kind === undefined
      ? undefined
      : kind === 'graphql'
        ? (graphqlRequestOf(context) ?? context.getArgByIndex(2))
        : context.getArgByIndex(kind === 'rpc' ? 1 : 0);
  return typeof found === 'object' && found !== null ? found : undefined;
}

/**
 * The HTTP request of a GraphQL operation: Apollo puts `req` in its context, Mercurius puts Fastify's reply there.
 * `undefined` for a subscription, which has no request.
 */
export function graphqlRequestOf(context: ExecutionContext): KeycloakRequest | undefined {
  const { req, request, reply } = context.getArgByIndex<GraphqlContext | undefined>(2) ?? {};
  const found = req ?? request ?? reply?.request;
  return isRequest(found) ? found : undefined;
}

/** `undefined` where there is no answer that takes headers: Mercurius gives a subscription a reply that has none. */
export function graphqlResponseOf(context: ExecutionContext): Outgoing | undefined {
  const { res, reply } = context.getArgByIndex<GraphqlContext | undefined>(2) ?? {};
  const outgoing = res ?? reply;
  return outgoing && ('setHeader' in outgoing || 'header' in outgoing) ? outgoing : undefined;
}

interface GraphqlContext {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly res?: Outgoing;
  readonly reply?: Outgoing & { readonly request?: unknown };
}

/** An object that only resembles a request, as an application puts into a GraphQL context, brings no session. */
export const NOT_RECEIVED: ReturnType<Call['toWire']> = {
  method: undefined,
  url: '/',
  headers: {},
  origin: 'http://localhost',
};

export function isRequest(found: unknown): found is KeycloakRequest {
  const { headers } = (found ?? {}) as Partial<KeycloakRequest>;
  return typeof headers === 'object' && headers !== null;
}
