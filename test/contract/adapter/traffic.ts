import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { heapInUse } from '../../support/heap.ts';
import { type Pipelined, sendPipelined } from '../../support/pipeline.ts';
import { openRawClient } from '../../support/raw-client.ts';
import type { Adapter } from './adapter.ts';
import { assertUser, BARE, setUp, without } from './set-up.ts';

const REQUESTS = 500;
/** What is made once, and compiled, is there after these. */
const REQUESTS_BEFORE = 200;
const AT_ONCE = 20;
/** What every answered request would leave behind, were it kept: far more. Unit: bytes. */
const MOST_GROWTH = 1_000 * REQUESTS;

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

/** Long answers, connections that break off, and many requests. */
export function describeTraffic(adapter: Adapter): void {
  describe(`${adapter.name}, traffic`, () => {
    test('an answer that is streamed comes whole, and to nobody else', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const token = realm.mint();
      for (let i = 0; i < 2; i++) {
        const answer = await get('/stream', token);
        assert.deepEqual([answer.status, await answer.text()], [200, '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n']);
      }
      assert.equal((await get('/stream')).status, 401);
    });

    test('requests at the same time are each their own', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      const users = Array.from({ length: 50 }, (_, i) => `user-${i}`);
      const answers = users.map(async (user) => get('/async', realm.mint({ preferred_username: user })));
      for (const [i, user] of users.entries()) await assertUser((await answers[i]) as Response, user);
    });

    test('who goes away while the token is looked at, or while the answer comes, harms nobody', async (t) => {
      const { realm, get } = await setUp(t, adapter);
      await get('/guarded', realm.mint());
      // An unknown key waits for Keycloak, which does not answer.
      realm.advance(60);
      realm.setAll('slow');
      const abort = new AbortController();
      const unknown = realm.mint({}, { header: { kid: 'never-seen' } });
      const waiting = get('/guarded', unknown, { signal: abort.signal });
      setTimeout(() => abort.abort(), 30);
      await assert.rejects(waiting);
      realm.setAll('normal');
      realm.release();
      await assertUser(await get('/guarded', realm.mint()));
      const halfway = new AbortController();
      const stream = await get('/stream', realm.mint(), { signal: halfway.signal });
      halfway.abort();
      await assert.rejects(stream.text());
      await assertUser(await get('/guarded', realm.mint()));
    });

    test('a request for a whole URL is guarded as one for its path', without(adapter, 'http1'), async (t) => {
      const { app, realm } = await setUp(t, adapter);
      const ask = async (lines: string[]) => {
        const { socket, received, ended } = await openRawClient(app.url);
        socket.write(
          `${['GET http://other.example/guarded HTTP/1.1', 'Host: x', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`,
        );
        await ended;
        return received();
      };
      // Not every framework takes one: then nobody gets in.
      assert.match(await ask([]), /^HTTP\/1\.1 (401|404|400) /);
      assert.match(await ask([`Authorization: Bearer ${realm.mint()}`]), /^HTTP\/1\.1 (200|404|400) /);
    });

    test(`${REQUESTS} requests leave nothing behind`, without(adapter, 'inProcess'), async (t) => {
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
      await eventually('the heap is as before', async () => heapInUse() - before < MOST_GROWTH);
      assert.equal((await get('/guarded')).headers.get('www-authenticate'), BARE);
    });
  });
}
