import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { finalize, fromEvent, map, Observable, switchMap, takeUntil, tap } from 'rxjs';
import { type Connection, toStream } from '../engine/internal.ts';
import { findNote, kindOf } from './call.ts';
import { registeredIn } from './handlers.ts';

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
