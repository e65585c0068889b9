import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, GuideService } from './guide-service.ts';
import { ABDULLAH, PASSWORD } from './provider.ts';
import type { Stage } from './stage.ts';

const RIGHT = { username: 'abdullah', password: PASSWORD };

/** A provider that is down is nobody's wrong password. */
export function loginOutageContract(stage: Stage): void {
  test('a provider that refuses, fails or hangs is 503 with Retry-After, never 401', async () => {
    const service = await stage.startOther({ KEYCLOAK_TIMEOUT_MS: '300' });
    try {
      for (const mode of ['refuse', 'fail', 'hang'] as const) {
        stage.front.mode = mode;
        assertUnavailable(await service.login(RIGHT), mode);
      }
      assert.match(service.logText(), /identity provider unavailable/);
      assert.doesNotMatch(service.logText(), /Test#123456|for-development-only/);
    } finally {
      stage.front.mode = 'up';
      await service.close();
    }
  });
}

export function outageContract(stage: Stage): void {
  test('tokens whose keys are known go on being verified', async () => {
    const { access_token: token } = await stage.requestTokens(RIGHT);
    const { access_token: unused } = await stage.requestTokens(RIGHT);
    assert.equal((await stage.service.getProtected(`Bearer ${token}`)).status, 200);
    stage.front.mode = 'refuse';
    try {
      for (const known of [token, unused]) {
        const answer = await stage.service.getProtected(`Bearer ${known}`);
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.body, ABDULLAH);
      }
    } finally {
      stage.front.mode = 'up';
    }
  });

  test('a service that starts first is alive, not ready, answers 503, and heals by itself', async () => {
    const { access_token: token } = await stage.requestTokens(RIGHT);
    stage.front.mode = 'refuse';
    let service: GuideService | undefined;
    try {
      service = await stage.startOther({});
      assert.equal((await service.call('/health/live')).status, 200);
      const ready = await service.call('/health/ready');
      assert.equal(ready.status, 503);
      assert.equal((ready.body as { checks: { keys: { ok: boolean } } }).checks.keys.ok, false);
      assertUnavailable(await service.getProtected(`Bearer ${token}`), 'no keys yet');
      stage.front.mode = 'up';
      await until(async () => (await service?.call('/health/ready'))?.status === 200);
      assert.equal((await service.getProtected(`Bearer ${token}`)).status, 200);
    } finally {
      stage.front.mode = 'up';
      await service?.close();
    }
  });
}

function assertUnavailable(answer: Answer, name: string): void {
  assert.equal(answer.status, 503, name);
  assert.deepEqual(answer.body, { detail: 'Identity provider unavailable' }, name);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/, name);
}

async function until(condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) assert.fail(`not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
