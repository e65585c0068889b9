import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toStream, toToken } from '../../packages/guard/src/adapters/engine/internal.ts';

/** A source that answers as it is told, and the stream of a connection on it. */
function openStream(source: Partial<AsyncIterator<string>>, reason?: unknown) {
  const abort = new AbortController();
  if (reason !== undefined) abort.abort(reason);
  const calls: string[] = [];
  const wrapped = Object.fromEntries(
    Object.entries(source).map(([name, member]) => [
      name,
      (...args: never[]) => {
        calls.push(name);
        return (member as (...given: never[]) => unknown)(...args);
      },
    ]),
  );
  const end = () => void calls.push('end');
  const events = { [Symbol.asyncIterator]: () => wrapped } as unknown as AsyncIterable<string>;
  return { stream: toStream(events, { signal: abort.signal, end }), abort, calls };
}
const DONE = { done: true, value: undefined };
const hangs = () => new Promise<never>(() => {});
const nothing = async () => DONE as IteratorResult<string>;

describe('the stream of a connection', () => {
  test('gives what its source gives, and ends with it', async () => {
    const steps = ['one', 'two'];
    const { stream, calls } = openStream({
      next: async () => {
        const value = steps.shift();
        return value === undefined ? { done: true, value: 'the end' } : { done: false, value };
      },
    });
    const seen: string[] = [];
    for await (const one of stream) seen.push(one);
    assert.deepEqual(seen, ['one', 'two']);
    assert.deepEqual(calls, ['next', 'next', 'next', 'end']);
  });

  test('ends whoever waits where the connection ends, though the source hangs', async () => {
    const { stream, abort, calls } = openStream({ next: hangs, return: nothing });
    const waiting = [stream.next(), stream.next()];
    abort.abort();
    assert.deepEqual(await Promise.all(waiting), [DONE, DONE]);
    assert.deepEqual(await stream.next(), DONE);
    assert.deepEqual(calls, ['next', 'next', 'return']);
  });

  test('gives nothing where the connection has ended, or after', async () => {
    const ended = openStream({ next: hangs, return: async () => Promise.reject(new Error('no')) }, 'over');
    assert.deepEqual(await ended.stream.next(), DONE);
    assert.deepEqual(ended.calls, ['return']);
    const { stream, abort } = openStream({ next: async () => ({ done: false, value: 'x' }) });
    assert.deepEqual(await stream.next(), { done: false, value: 'x' });
    abort.abort();
    assert.deepEqual(await stream.next(), DONE);
  });

  test('ends the connection where its source fails, or its reader stops', async () => {
    const error = new Error('no');
    const failing = openStream({ next: async () => Promise.reject(error) });
    await assert.rejects(failing.stream.next(), error);
    assert.deepEqual(failing.calls, ['next', 'end']);
    const stopped = openStream({ next: hangs, return: nothing });
    assert.deepEqual(await stopped.stream.return?.(), DONE);
    assert.deepEqual(stopped.calls, ['end', 'return']);
    assert.deepEqual(await openStream({ next: hangs }).stream.return?.(), DONE);
    const thrown = openStream({ next: hangs });
    await assert.rejects(thrown.stream.throw?.(error) as Promise<unknown>, error);
    assert.deepEqual(thrown.calls, ['end']);
    const taken = openStream({ next: hangs, throw: async () => ({ done: false, value: 'last' }) });
    assert.deepEqual(await taken.stream.throw?.(error), { done: false, value: 'last' });
    assert.deepEqual(taken.calls, ['end', 'throw']);
  });
});

test('the token of a message is a text, with or without its scheme', () => {
  for (const text of ['a.b.c', 'Bearer a.b.c', 'bearer  a.b.c']) assert.equal(toToken(text), 'a.b.c');
  for (const none of ['', undefined, 7, { token: 'a.b.c' }])
    assert.throws(() => toToken(none), { code: 'missing_token' });
});
