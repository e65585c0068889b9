import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { APP_GUARD, type ModulesContainer } from '@nestjs/core';
import { finalize, fromEvent, map, Observable, switchMap, takeUntil, tap } from 'rxjs';
import { type Connection, toStream } from '../engine/internal.ts';
import { findNote, kindOf } from './call.ts';

export type HandlerKind = 'http' | 'sse' | 'ws' | 'rpc' | 'graphql' | 'subscription' | 'field';

/** A method of a class that Nest has in its container. */
export interface Handler {
  readonly controller: Type;
  /** `Class.method`. */
  readonly name: string;
  readonly method: object;
  /** A method may be a route and a message. Empty if it is none of the handlers that Nest guards. */
  readonly kinds: readonly HandlerKind[];
  /** Those of its kinds for which Nest runs no guard. */
  readonly unguarded: readonly HandlerKind[];
}

/** A class in Nest's container. */
export interface Registered {
  readonly controller: Type;
  readonly isController: boolean;
  readonly isResolver: boolean;
  readonly handlers: readonly Handler[];
}

/** Every class of an application, with all of its methods. */
export function registeredIn(modules: ModulesContainer): Registered[] {
  const places = new Map<Type, boolean>();
  for (const { controllers, providers, injectables, middlewares } of modules.values()) {
    for (const one of controllers.values()) note(one, true);
    for (const group of [providers, injectables, middlewares]) {
      for (const one of group.values()) note(one, false);
    }
  }
  function note(one: Wrapper, isController: boolean): void {
    const type = classOf(one);
    if (type !== undefined) places.set(type, isController || places.get(type) === true);
  }
  const areFieldsGuarded = guardsFields(modules);
  return [...places].map(([controller, isController]) => ({
    controller,
    isController,
    isResolver: Reflect.hasMetadata(RESOLVER_TYPE, controller),
    handlers: methodsOf(controller).map(([name, method]) => {
      const kinds = kindsOf(controller, method);
      const isGuarded = (kind: HandlerKind) =>
        name !== '__resolveType' &&
        isRun(kind, controller, isController) &&
        (kind !== 'field' || areFieldsGuarded);
      const unguarded = kinds.filter((kind) => !isGuarded(kind));
      return { controller, name: `${controller.name}.${name}`, method, kinds, unguarded };
    }),
  }));
}

/** The classes that are registered as `APP_GUARD`. */
export function appGuardsIn(modules: ModulesContainer): Type[] {
  return (
    [...modules.values()]
      .flatMap(({ providers, injectables }) => [...providers, ...injectables])
      // Nest keeps each of them under a name that begins with the token.
      .filter(([token]) => String(token).startsWith(APP_GUARD))
      .map(([, one]) => (one.isAlias ? (one.inject as Type[])[0] : classOf(one)))
      .filter((one) => one !== undefined)
  );
}

// Nest's metadata. Its packages for WebSockets, microservices and GraphQL need not be installed.
const ROUTE_METHOD = 'method';
const SSE = '__sse__';
const MESSAGE = 'websockets:message_mapping';
const GATEWAY = 'websockets:is_gateway';
const PATTERN = 'microservices:handler_type';
const RESOLVER_TYPE = 'graphql:resolver_type';
const FIELD = 'graphql:resolve_property';
const REFERENCE = 'graphql:resolve_reference';
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

interface Wrapper {
  readonly metatype: unknown;
  readonly inject?: unknown;
  readonly instance: unknown;
}

/** `undefined` for a value without its own class. */
function classOf({ metatype, inject, instance }: Wrapper): Type | undefined {
  const made: unknown =
    typeof instance === 'object' && instance !== null
      ? (Object.getPrototypeOf(instance) as object | null)?.constructor
      : undefined;
  const type = typeof metatype === 'function' && !inject ? metatype : made;
  return typeof type === 'function' && type !== Object && type !== Function ? (type as Type) : undefined;
}

/** Its own and the inherited ones, by the names that Nest looks at. */
function methodsOf(controller: Type): [name: string, method: object][] {
  const methods = new Map<string, object>();
  let one: object | null = controller.prototype;
  while (one !== null && one !== undefined && one !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(one))) {
      if (typeof value === 'function' && name !== 'constructor' && !methods.has(name))
        methods.set(name, value);
    }
    one = Object.getPrototypeOf(one);
  }
  return [...methods];
}

/** Whether it resolves a reference to an entity of a federated schema, which anybody who may ask for `_entities` can send. */
export function isReference(method: object): boolean {
  return Boolean(Reflect.getMetadata(REFERENCE, method));
}

function kindsOf(controller: Type, method: object): HandlerKind[] {
  const has = (key: string) => Reflect.hasMetadata(key, method);
  const isTrue = (key: string) => Boolean(Reflect.getMetadata(key, method));
  const type: unknown =
    Reflect.getMetadata(RESOLVER_TYPE, method) ?? Reflect.getMetadata(RESOLVER_TYPE, controller);
  const is: Readonly<Record<HandlerKind, boolean>> = {
    http: has(ROUTE_METHOD) && !isTrue(SSE),
    sse: has(ROUTE_METHOD) && isTrue(SSE),
    ws: has(MESSAGE),
    rpc: has(PATTERN),
    graphql: type === 'Query' || type === 'Mutation',
    subscription: type === 'Subscription',
    field: isTrue(FIELD) || isReference(method),
  };
  return (Object.keys(is) as HandlerKind[]).filter((kind) => is[kind]);
}

/** Nest looks for each kind in one place only. */
function isRun(kind: HandlerKind, controller: Type, isController: boolean): boolean {
  if (kind === 'http' || kind === 'sse' || kind === 'rpc') return isController;
  return kind !== 'ws' || Reflect.hasMetadata(GATEWAY, controller);
}

/** Whether every GraphQL module of the application runs guards for fields. */
function guardsFields(modules: ModulesContainer): boolean {
  const options = [...modules.values()]
    .map(({ providers }) => providers.get(GRAPHQL_OPTIONS)?.instance as GraphqlOptions | undefined)
    .filter((one) => one !== undefined);
  return (
    options.length > 0 && options.every((one) => one?.fieldResolverEnhancers?.includes('guards') === true)
  );
}

interface GraphqlOptions {
  readonly fieldResolverEnhancers?: readonly string[];
}

/** Handlers of server-sent events and GraphQL subscriptions. */
const streaming = new WeakSet<object>();

/** Whether a handler answers with a stream that may outlive its caller's token. */
export function isStreaming(handler: object): boolean {
  return streaming.has(handler);
}

/**
 * Completes the streams of every `@Sse()` and `@Subscription()` of an application when the caller's token or session ends.
 * Must be called before Nest has its routes.
 */
export function endStreams(modules: ModulesContainer): void {
  for (const { kinds, method } of registeredIn(modules).flatMap(({ handlers }) => handlers)) {
    if (!(kinds.includes('sse') || kinds.includes('subscription')) || streaming.has(method)) continue;
    streaming.add(method);
    const before = (Reflect.getMetadata(INTERCEPTORS, method) as readonly unknown[] | undefined) ?? [];
    Reflect.defineMetadata(INTERCEPTORS, [STREAM_END, ...before], method);
  }
}

/** Nest's metadata of `@UseInterceptors()`. */
const INTERCEPTORS = '__interceptors__';

const STREAM_END: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const open = findNote(context)?.open;
    if (open === undefined) return next.handle();
    return opened(open).pipe(
      switchMap((connection) =>
        kindOf(context) === 'graphql'
          ? next.handle().pipe(
              map((answer) => toEnding(answer, connection)),
              tap({ error: connection.end }),
            )
          : next.handle().pipe(takeUntil(fromEvent(connection.signal, 'abort')), finalize(connection.end)),
      ),
    );
  },
};

/** The connection, which is ended at once if the client has left in the meantime. */
function opened(open: () => Promise<Connection>): Observable<Connection> {
  return new Observable((subscriber) => {
    open().then(
      (connection) => {
        if (subscriber.closed) return connection.end();
        subscriber.next(connection);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
  });
}

function toEnding(answer: unknown, connection: Connection): unknown {
  if (typeof (answer as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function')
    return toStream(answer as AsyncIterable<unknown>, connection);
  connection.end();
  return answer;
}
