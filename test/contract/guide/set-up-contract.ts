import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuideService } from './guide-service.ts';
import { CLIENT, PASSWORD } from './provider.ts';
import type { Stage } from './stage.ts';

/** Mistakes of whoever runs the service: never shown as the user's, and explained in the log. */
export function setUpContract(stage: Stage): void {
  const assertExplained = async (service: GuideService, words: RegExp): Promise<void> => {
    for (const password of [PASSWORD, 'wrong']) {
      const { status, body } = await service.login({ username: 'abdullah', password });
      assert.equal(status, 500);
      assert.deepEqual(body, { detail: 'Login is not available' });
    }
    // The check of the client at the start says it in a line of its own, before or after.
    const line = service.log.findLast(({ msg }) => /^login is not available: \S/.test(String(msg)));
    assert.equal(line?.level, 'error');
    assert.match(`${line?.msg} ${line?.fix}`, words);
    assert.ok(String(line?.fix).length > 20, `the fix is told: ${line?.fix}`);
    assert.doesNotMatch(service.logText(), /Test#123456|for-development-only|not-the-secret/);
  };

  const withSettings = async (settings: Record<string, string>, words: RegExp): Promise<void> => {
    const service = await stage.startOther(settings);
    try {
      await assertExplained(service, words);
    } finally {
      await service.close();
    }
  };

  test('a wrong client secret, or what takes its place, is explained', () => {
    const { credential } = stage.provider;
    return credential === undefined
      ? withSettings({ KEYCLOAK_CLIENT_SECRET: 'not-the-secret' }, /KEYCLOAK_CLIENT_SECRET|secret/i)
      : withSettings(credential.wrong(stage.front.url), /Credentials|Keys/);
  });

  test('an unknown client is explained', () =>
    withSettings({ KEYCLOAK_CLIENT_ID: 'no-such-client' }, /KEYCLOAK_CLIENT_ID/));

  test('an unknown realm is explained', () =>
    withSettings({ KEYCLOAK_REALM: 'no-such-realm' }, /KEYCLOAK_REALM/));

  test('direct access grants that are off are explained', async () => {
    await stage.provider.updateClient(CLIENT.id, { directAccessGrantsEnabled: false });
    try {
      await assertExplained(stage.service, /direct access grants/i);
    } finally {
      await stage.provider.updateClient(CLIENT.id, { directAccessGrantsEnabled: true });
    }
  });

  test('a path too many or too few in KEYCLOAK_SERVER_URL is explained', async () => {
    const { origin, pathname } = new URL(stage.front.url);
    const wrong = pathname === '/' ? `${origin}/auth` : origin;
    await withSettings({ KEYCLOAK_SERVER_URL: wrong }, /KEYCLOAK_SERVER_URL/);
  });

  test('slashes at the end of KEYCLOAK_SERVER_URL, and in it, do no harm', async () => {
    const service = await stage.startOther({ KEYCLOAK_SERVER_URL: `${stage.front.url}//` });
    try {
      const { status, body } = await service.login({ username: 'abdullah', password: PASSWORD });
      assert.equal(status, 200);
      const { access_token: token } = body as Record<string, string>;
      assert.equal((await service.getProtected(`Bearer ${token}`)).status, 200);
    } finally {
      await service.close();
    }
  });
}
