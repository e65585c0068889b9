import type { ExecutionContext } from '@nestjs/common';
import type { NodeRequest, NodeResponse } from '../adapter/internal.ts';
import type { Principal } from '../core/index.ts';
import type { Answer, RequestLike } from '../core/internal.ts';
import type { SessionRequest } from '../session/index.ts';

/** A request of Express or of Fastify, as much of it as is the same. */
export interface KeycloakRequest extends Pick<NodeRequest, 'headers' | 'method' | 'url'> {
  /** Who is calling; `undefined` where no guard ran, or an optional one found no token. */
  principal?: Principal;
}

/** What reaches a handler: a request, a GraphQL operation, or a message. */
export interface Call {
  /** `undefined` on the routes of sessions and messages, which are the module's own. */
  readonly context: ExecutionContext | undefined;
  /** The framework's own; `undefined` where there is none. */
  readonly request: KeycloakRequest | undefined;
  /** Where the token stands. */
  readonly credentials: RequestLike;
  /** Where the principal is put. */
  readonly carrier: Carrier;
  toWire(): Omit<SessionRequest<never>, 'log' | 'source'>;
  addToAnswer(extra: Pick<Answer, 'headers' | 'setCookies'>): void;
}

/** Something that lives as long as the call does, or as long as its connection. */
export interface Carrier {
  principal?: Principal;
}

/** A response of Express's, or a reply of Fastify's. */
export type Outgoing =
  | NodeResponse
  | { header(name: string, value: string): unknown; headers(all: object): unknown };

export type Kind = 'http' | 'graphql' | 'ws' | 'rpc';

/** `undefined` for a kind of context that nobody here knows. */
export function kindOf(context: ExecutionContext): Kind | undefined {
  const type = context.getType<string>();
  return KINDS.find((one) => one === type);
}

const KINDS: readonly Kind[] = ['http', 'graphql', 'ws', 'rpc'];

/** What the guard found out; `undefined` where none ran. */
export function principalOf(context: ExecutionContext): Principal | undefined {
  return carrierOf(context)?.principal;
}

/** `undefined` where the arguments are not those of such a context. */
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
 * The request underneath a GraphQL operation: Apollo has `req` in its context, Mercurius the reply of Fastify's.
 * `undefined` for a subscription, which has none.
 */
export function graphqlRequestOf(context: ExecutionContext): KeycloakRequest | undefined {
  const { req, request, reply } = context.getArgByIndex<GraphqlContext | undefined>(2) ?? {};
  const found = req ?? request ?? reply?.request;
  return isRequest(found) ? found : undefined;
}

export function graphqlResponseOf(context: ExecutionContext): Outgoing | undefined {
  const { res, reply } = context.getArgByIndex<GraphqlContext | undefined>(2) ?? {};
  return res ?? reply;
}

interface GraphqlContext {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly res?: Outgoing;
  readonly reply?: Outgoing & { readonly request?: unknown };
}

export function isRequest(found: unknown): found is KeycloakRequest {
  const { headers } = (found ?? {}) as Partial<KeycloakRequest>;
  return typeof headers === 'object' && headers !== null;
}
