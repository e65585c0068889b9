import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter } from '../contract/adapter/adapter.ts';
import { BARE, setUp } from '../contract/adapter/set-up.ts';
import { heapInUse, keptSince } from '../support/heap.ts';
import { type Pipelined, sendPipelined } from '../support/pipeline.ts';

const REQUESTS = 250;
/** What is made once, and compiled, is there after these. */
const REQUESTS_BEFORE = 100;
const AT_ONCE = 20;
/** What every answered request would leave behind, were it kept: far more. Unit: bytes. */
const MOST_KEPT = 1_000 * REQUESTS;

/** Where requests cannot be sent byte by byte. */
async function sendBy(
  get: (path: string, token?: string) => Promise<Response>,
  wanted: readonly Pipelined[],
) {
  const statuses: number[] = [];
  let sent = 0;
  const one = async () => {
    while (sent < wanted.length) {
      const at = sent++;
      const answer = await get(wanted[at]?.path ?? '', wanted[at]?.token);
      statuses[at] = answer.status;
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return statuses;
}

/** Requests that are let in, and those that are refused. In a process of few tests: to collect garbage takes as long as there is of it. */
export function testLeftBehind(adapter: Adapter): void {
  test(`${adapter.name}: ${REQUESTS} requests leave nothing behind`, async (t) => {
    const { app, realm, get } = await setUp(t, adapter);
    const token = realm.mint();
    const kinds = [
      { path: '/guarded', token, status: 200 },
      { path: '/guarded', token: undefined, status: 401 },
      { path: '/admin', token, status: 403 },
      { path: '/nested/deep/guarded', token: 'garbage', status: 401 },
    ];
    const kindOf = (i: number) => kinds[i % kinds.length] as (typeof kinds)[number];
    const send = async (count: number) => {
      const wanted = Array.from({ length: count }, (_, i) => kindOf(i));
      const statuses = adapter.lacks?.includes('http1')
        ? await sendBy(get, wanted)
        : await sendPipelined(app.url, wanted);
      assert.deepEqual(
        statuses,
        wanted.map(({ status }) => status),
      );
    };
    await send(REQUESTS_BEFORE);
    const before = heapInUse();
    await send(REQUESTS);
    const kept = keptSince(before, MOST_KEPT);
    assert.ok(kept < MOST_KEPT, `${kept} bytes are kept`);
    assert.equal((await get('/guarded')).headers.get('www-authenticate'), BARE);
  });
}
