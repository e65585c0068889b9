import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { observeRedisFault, REDIS_FAULTS, type Seen } from './measure-faults.ts';

/** The bound on a command is one second; a request makes at most two. */
const BOUND_MS = 2_500;
/** For a machine on which other work runs. */
const SLACK_MS = 5_000;

// Each has a Redis and a service of its own, and they mostly wait.
describe('a fault of Redis', { concurrency: 3 }, () => {
  for (const redisFault of REDIS_FAULTS) {
    test(`Redis ${redisFault.name}: tokens go on, answers come in time, it heals by itself`, async (t) => {
      const { cookieHealsMs, logoutHealsMs, toldMs, ...answers } = await observeRedisFault(t, redisFault);
      for (const [what, { status, ms }] of Object.entries(answers) as [string, Seen][]) {
        assert.ok(ms < BOUND_MS + SLACK_MS, `${what} took ${Math.round(ms)} ms`);
        assert.ok([200, 204, 401, 503].includes(status), `${what} was ${status}`);
      }
      const isSlow = redisFault.fault.kind === 'slow';
      assert.equal(answers.bearer.status, 200);
      assert.ok(answers.bearer.ms < SLACK_MS);
      assert.equal(answers.login.status, 200, 'logins are not counted while Redis is away');
      assert.equal(answers.knownCookie.status, 200, 'known here, less than ten seconds ago');
      assert.equal(answers.newCookie.status, isSlow ? 200 : 503);
      assert.equal(answers.newCookieLater.status, isSlow ? 200 : 503);
      assert.equal(answers.logout.status, isSlow ? 204 : 503, 'a logout that is not shared is not 204');
      assert.equal(answers.afterLogout.status, 401, 'but it counts here');
      assert.equal(answers.live.status, 200);
      assert.equal(answers.ready.status, 200);
      for (const ms of [cookieHealsMs, logoutHealsMs, toldMs]) {
        assert.ok(ms < 3_000 + SLACK_MS, `healed after ${Math.round(ms)} ms`);
      }
    });
  }
});
