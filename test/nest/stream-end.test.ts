// Whoever opens streams and leaves must leave nothing behind that is checked until the token expires.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import 'reflect-metadata';
import {
  type CallHandler,
  type ExecutionContext,
  Get,
  type NestInterceptor,
  Sse,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { Subscription } from '@nestjs/graphql';
import { firstValueFrom, NEVER, of, throwError } from 'rxjs';
import { noteOf } from '../../packages/guard/src/adapters/nest/call.ts';
import { endStreams, isStreaming } from '../../packages/guard/src/adapters/nest/handlers.ts';
import { decorate } from '../support/without-syntax.ts';

class Streams {
  events() {}
  subscribe() {}
  plain() {}
}
decorate(Streams, 'events', Sse('events'), UseInterceptors(class Own {} as Type<NestInterceptor>));
decorate(Streams, 'plain', Get('plain'));
decorate(Streams, 'subscribe', Subscription('subscribe'));
const one = new Map([['streams', { metatype: Streams, instance: new Streams() }]]);
const empty = new Map();
const modules = new Map([
  ['m', { controllers: one, providers: empty, injectables: empty, middlewares: empty }],
]);
// Another application of the same process has the same classes.
for (let count = 0; count < 2; count++) endStreams(modules as unknown as ModulesContainer);

function start(kind: 'http' | 'graphql', answer: CallHandler['handle'], isRefused = false) {
  const method = kind === 'http' ? Streams.prototype.events : Streams.prototype.subscribe;
  const [interceptor] = Reflect.getMetadata('__interceptors__', method) as [NestInterceptor];
  const key = {};
  const context = { getType: () => kind, getArgByIndex: () => key } as unknown as ExecutionContext;
  const seen = { ended: 0, open: () => {} };
  const abort = new AbortController();
  const connection = {
    signal: abort.signal,
    end() {
      seen.ended += 1;
    },
  };
  const opening = new Promise((resolve) => {
    seen.open = () => resolve(connection);
  });
  noteOf(context).open = () => opening as never;
  if (isRefused) noteOf(context).open = () => Promise.reject(new Error('refused'));
  const stream = interceptor.intercept(context, { handle: answer });
  assert.ok('subscribe' in stream);
  return { seen, stream, abort };
}

test('streams alone have their interceptor, once, before those of the application', () => {
  const { events, subscribe, plain } = Streams.prototype;
  const count = (method: object) =>
    (Reflect.getMetadata('__interceptors__', method) as unknown[] | undefined)?.length;
  assert.deepEqual([events, subscribe, plain].map(count), [2, 1, undefined]);
  assert.deepEqual([events, subscribe, plain].map(isStreaming), [true, true, false]);
  const [ours] = Reflect.getMetadata('__interceptors__', events) as NestInterceptor[];
  assert.equal(typeof ours?.intercept, 'function');
});

test('a stream without a caller goes on as its handler made it', () => {
  const [interceptor] = Reflect.getMetadata('__interceptors__', Streams.prototype.subscribe) as [
    NestInterceptor,
  ];
  const context = { getType: () => 'http', getArgByIndex: () => ({}) } as unknown as ExecutionContext;
  assert.equal(interceptor.intercept(context, { handle: () => NEVER }), NEVER);
});

test('events are over with their source, or with the connection; nobody gets any whose connection is refused', async () => {
  const seenOf = ({ stream }: ReturnType<typeof start>) => {
    const seen: unknown[] = [];
    stream.subscribe({
      next: (one) => seen.push(one),
      complete: () => seen.push('over'),
      error: ({ message }) => seen.push(message),
    });
    return seen;
  };
  const done = start('http', () => of(1, 2));
  const cut = start('http', () => NEVER);
  const refused = start('http', () => of(1), true);
  const all = [done, cut, refused].map(seenOf);
  for (const { seen } of [done, cut]) seen.open();
  await tick();
  assert.deepEqual(all, [[1, 2, 'over'], [], ['refused']]);
  cut.abort.abort();
  assert.deepEqual(all[1], ['over']);
  assert.deepEqual(
    [done, cut, refused].map(({ seen }) => seen.ended),
    [1, 1, 0],
  );
});

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('the connection of a stream ends', () => {
  test('when its client leaves, before it was opened too', async () => {
    for (const isOpen of [true, false]) {
      const { seen, stream } = start('http', () => NEVER);
      const subscription = stream.subscribe();
      if (isOpen) seen.open();
      await tick();
      assert.equal(seen.ended, 0);
      subscription.unsubscribe();
      seen.open();
      await tick();
      assert.equal(seen.ended, 1, `opened: ${isOpen}`);
    }
  });

  test('when the handler of a subscription fails, or answers with something else', async () => {
    const failed = start('graphql', () => throwError(() => new Error('no')));
    failed.seen.open();
    await assert.rejects(firstValueFrom(failed.stream), /no/);
    const other = start('graphql', () => of('text'));
    other.seen.open();
    assert.equal(await firstValueFrom(other.stream), 'text');
    assert.deepEqual([failed.seen.ended, other.seen.ended], [1, 1]);
  });

  test('when a subscription is done, is left, or fails', async () => {
    async function* numbers() {
      yield 1;
    }
    async function* failing() {
      yield 1;
      throw new Error('no');
    }
    const iteratorOf = async (answer: () => AsyncGenerator<number>) => {
      const { seen, stream } = start('graphql', () => of(answer()));
      seen.open();
      const iterator = (await firstValueFrom(stream)) as AsyncGenerator<number>;
      assert.deepEqual(await iterator.next(), { done: false, value: 1 });
      assert.equal(seen.ended, 0);
      return { seen, iterator };
    };
    const done = await iteratorOf(numbers);
    assert.equal((await done.iterator.next()).done, true);
    const left = await iteratorOf(numbers);
    await left.iterator.return(undefined);
    const thrown = await iteratorOf(numbers);
    await assert.rejects(thrown.iterator.throw(new Error('no')), /no/);
    const failed = await iteratorOf(failing);
    await assert.rejects(failed.iterator.next(), /no/);
    for (const { seen } of [done, left, thrown, failed]) assert.equal(seen.ended, 1);
  });
});
