import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServiceBreaker } from '../../packages/guard/src/outgoing/carrying-fetch.ts';

const failed = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

test('calls that one user ends, or that are cut off or too slow, keep nobody else from the service', async () => {
  const run = createServiceBreaker('https://orders.example.com');
  const faults = [new DOMException('', 'AbortError'), new DOMException('', 'TimeoutError')];
  for (const error of [
    ...faults,
    failed('ECONNRESET'),
    failed('UND_ERR_SOCKET'),
    new Error('of a handler'),
  ]) {
    for (let i = 0; i < 50; i++) {
      await assert.rejects(
        run(() => Promise.reject(error)),
        (thrown) => thrown === error,
      );
    }
  }
  assert.equal(await run(async () => 'answered'), 'answered');
});

test('a service that cannot be reached is spared after five calls, and one that answers in between is not', async () => {
  const run = createServiceBreaker('https://orders.example.com');
  let calls = 0;
  const refused = () => {
    calls++;
    return Promise.reject(failed('ECONNREFUSED'));
  };
  for (let i = 0; i < 4; i++) await assert.rejects(run(refused));
  await run(async () => 'answered');
  for (let i = 0; i < 20; i++)
    await assert.rejects(run(refused), { name: 'TypeError', message: 'fetch failed' });
  assert.equal(calls, 4 + 5);
});
