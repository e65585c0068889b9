import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../../packages/server/src/workers/backoff.ts';
import { openLink } from '../../../packages/server/src/workers/link.ts';
import type { ToWorker } from '../../../packages/server/src/workers/messages.ts';
import { newsSeatContract, revocationStoreContract } from '../../contract/revocation-store-contract.ts';
import { sessionStoreContract } from '../../session/session-store-contract.ts';
import { startPrimary } from './in-one-process.ts';

for (const contract of [revocationStoreContract, newsSeatContract]) {
  contract('workers', async () => {
    const primary = startPrimary();
    return async () => (await primary.startWorker()).revocations;
  });
}

sessionStoreContract('workers', async () => {
  const primary = startPrimary();
  const ends = [await primary.startWorker(), await primary.startWorker()];
  let count = 0;
  return () => ends[count++ % 2]!.sessions;
});

test('a logout is refused, not lost, when the primary does not answer', async () => {
  const link = openLink({ send() {}, listen() {} });
  await assert.rejects(
    link.revocations.add({ type: 'session', issuer: 'i', sessionId: 's' }),
    /the primary process does not answer/,
  );
  assert.equal(link.revocations.isCaughtUp, false);
});

test('a worker that stood still takes the answer that came meanwhile', async () => {
  let hear = (_answer: ToWorker): void => {};
  const link = openLink({
    send(call) {
      if (call.kind !== 'call') return;
      // As from a socket: read after the timers that are over.
      setImmediate(() => setImmediate(() => hear({ kind: 'answer', id: call.id, value: 7 })));
    },
    listen(listener) {
      hear = listener;
    },
  });
  const counted = link.limits.increment('key', 1_000);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
  assert.equal(await counted, 7);
});

test('workers that die soon are replaced ever later, at most after 30 seconds; one that lived long at once', () => {
  const backoff = createBackoff();
  const pauses = Array.from({ length: 12 }, () => backoff(500));
  assert.deepEqual(pauses.slice(0, 4), [100, 200, 400, 800]);
  assert.equal(pauses.at(-1), 30_000);
  assert.equal(backoff(3_600_000), 100);
});
