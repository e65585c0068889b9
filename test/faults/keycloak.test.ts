import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, SECRET } from '../support/dev-idp.ts';
import { useHostNames } from '../support/host-names.ts';
import { KEYCLOAK_FAULTS } from './keycloak-faults.ts';
import { observeKeycloakFaults, type Seen } from './measure-keycloak.ts';

const TIMEOUT_MS = 2_000;
/** For a machine on which other work runs. */
const SLACK_MS = 8_000;

// The rest of them: npm run reliability -- faults
test('whatever is wrong with Keycloak: answers in time, nobody out, nobody in, and well by itself', async (t) => {
  const names = useHostNames(t);
  const settings = { KEYCLOAK_TIMEOUT_MS: String(TIMEOUT_MS) };
  const faults = KEYCLOAK_FAULTS.filter(({ isQuick }) => isQuick);
  const observed = await observeKeycloakFaults(faults, names, settings);
  for (const [{ name, fault, isAboutKeys }, seen] of observed) {
    await t.test(name, () => {
      const { log, keycloakOk: _, loginHealsMs, newKeyHealsMs, readyHealsMs, ...answers } = seen;
      for (const [what, { status, ms, retryAfter }] of Object.entries(answers) as [string, Seen][]) {
        assert.ok(ms < 2 * TIMEOUT_MS + SLACK_MS, `${what} took ${Math.round(ms)} ms`);
        assert.ok([200, 204, 503].includes(status), `${what} was ${status}`);
        if (status === 503) assert.match(retryAfter ?? '', /^[1-9]\d*$/, `${what} without Retry-After`);
      }
      const isWell = isAboutKeys || (fault !== 'dns' && fault.kind === 'slow');
      if (!isWell) {
        for (const what of ['login', 'loginLater', 'refresh', 'logout'] as const) {
          assert.equal(answers[what].status, 503, what);
        }
      }
      // Tokens whose keys are known go on, and the service stays in the load balancer.
      for (const what of ['known', 'stale', 'staleLater', 'newToken', 'ready'] as const) {
        assert.equal(answers[what].status, 200, what);
      }
      if (!isWell) assert.ok(answers.staleLater.ms < TIMEOUT_MS, 'that Keycloak is gone is remembered');
      const isSlow = fault !== 'dns' && fault.kind === 'slow';
      assert.equal(answers.newKey.status, isSlow ? 200 : 503, 'a key that cannot be loaded is not 401');
      assert.ok(loginHealsMs < 3_000 + SLACK_MS, `login healed after ${Math.round(loginHealsMs)} ms`);
      assert.ok(newKeyHealsMs < 6_000 + SLACK_MS, `new key healed after ${Math.round(newKeyHealsMs)} ms`);
      assert.ok(readyHealsMs < 6_000 + SLACK_MS, `ready healed after ${Math.round(readyHealsMs)} ms`);
      assert.ok(!log.includes(PASSWORD) && !log.includes(SECRET) && !/eyJ[\w-]+\.eyJ/.test(log));
    });
  }
});
