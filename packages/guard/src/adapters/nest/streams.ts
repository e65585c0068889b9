import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { finalize, fromEvent, map, Observable, switchMap, takeUntil, tap } from 'rxjs';
import type { Connection } from '../engine/internal.ts';
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
  for (const { kind, method } of registeredIn(modules).flatMap(({ handlers }) => handlers)) {
    if ((kind !== 'sse' && kind !== 'subscription') || streaming.has(method)) continue;
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

/** @returns the same iterable, which is done as soon as the caller's time is over */
function toEnding(answer: unknown, { signal, end }: Connection): unknown {
  const source = (answer as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator]?.();
  if (source === undefined) {
    end();
    return answer;
  }
  const waiting = new Set<() => void>();
  const fail = (reject: (error: unknown) => void) => (error: unknown) => {
    end();
    reject(error);
  };
  signal.addEventListener('abort', () => {
    for (const finish of waiting) finish();
    Promise.resolve(source.return?.()).catch(() => {});
  });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return resolve(DONE);
        const finish = () => resolve(DONE);
        waiting.add(finish);
        source
          .next()
          .finally(() => waiting.delete(finish))
          .then((step) => {
            if (step.done) end();
            resolve(step);
          }, fail(reject));
      }),
    async return() {
      end();
      await source.return?.();
      return DONE;
    },
    async throw(error: unknown) {
      end();
      return source.throw ? source.throw(error) : Promise.reject(error);
    },
  };
}

const DONE = { done: true, value: undefined } as const;
