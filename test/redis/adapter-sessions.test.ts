// Every adapter with its sessions in a real Redis: two processes, as behind a load balancer, and one browser.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ADAPTER_NAMES } from '../adapters/all.ts';
import { assertUser } from '../contract/adapter/set-up.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';
import { openSocketBrowser } from '../support/socket-browser.ts';
import { startProcess } from './start-adapter-process.ts';

// Most of the time, tokens grow old.
describe('sessions of each adapter in Redis', { concurrency: 4 }, () => {
  for (const name of ADAPTER_NAMES) {
    test(`${name}: two processes know one session, renew it once, and both end it`, async (t) => {
      const [redis, idp] = await Promise.all([startRedis(t), startIdp(t)]);
      idp.updateRealm({ accessTokenLifespan: 2, revokeRefreshToken: true, refreshTokenMaxReuse: 0 });
      const replica = { name, redisUrl: redis.url, serverUrl: idp.url, clientSecret: SECRET };
      const [one, two] = await Promise.all([startProcess(t, replica), startProcess(t, replica)]);
      idp.updateClient('fastapi-keycloak', { redirectUris: [`${one}/*`] });

      const browser = openSocketBrowser({ url: one });
      await assertUser((await browser.open(`${one}/guarded`)).response);
      const cookie = browser.cookie(one);
      const get = (url: string, path: string) => fetch(`${url}${path}`, { headers: { cookie } });
      const tokenAt = async (url: string) =>
        ((await (await get(url, '/token')).json()) as { token: string }).token;
      await assertUser(await get(two, '/guarded'));
      const first = await tokenAt(two);

      // A refresh token is good only once here: whoever sends it a second time is signed out by Keycloak.
      await wait(2_200);
      idp.updateRealm({ accessTokenLifespan: 300 });
      idp.resetRequests();
      const asked = Array.from({ length: 40 }, (_, i) => get(i % 2 ? one : two, '/guarded'));
      for (const answer of await Promise.all(asked)) await assertUser(answer);
      assert.equal(idp.requests.token, 1);
      const renewed = await tokenAt(one);
      assert.notEqual(renewed, first);
      assert.equal(await tokenAt(two), renewed);

      const logout = await browser.fetch(`${one}/auth/logout`, { method: 'POST', headers: { origin: one } });
      assert.equal(logout.status, 303);
      assert.equal((await get(one, '/guarded')).status, 401);
      // It has the session in memory, and would keep it for ten seconds.
      await eventually('the other one knows', async () => (await get(two, '/guarded')).status === 401, 9_000);
    });
  }
});
