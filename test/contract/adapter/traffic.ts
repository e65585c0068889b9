import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openRawClient } from '../../support/raw-client.ts';
import type { Adapter } from './adapter.ts';
import { assertUser, setUp, without } from './set-up.ts';

/** Long answers, and connections that break off. What requests leave behind is looked at where little else is: see `cost/`. */
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
  });
}
