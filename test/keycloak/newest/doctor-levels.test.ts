import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';
import { createStepUpRealm } from '../support/step-up-realm.ts';

const keycloak = requireKeycloak();

test('doctor --acr: what a sign-in can come to, by the mapping and the flow of the client', async (t) => {
  const realm = await createStepUpRealm(keycloak);
  const cwd = await mkdtemp(join(tmpdir(), 'levels-'));
  t.after(async () => {
    await realm.remove();
    await rm(cwd, { recursive: true });
  });
  const look = async (clientId: string, ...args: string[]) => {
    const { stdout } = await runCli(['doctor', '--json', ...args], {
      cwd,
      env: {
        KEYCLOAK_SERVER_URL: keycloak.url,
        KEYCLOAK_REALM: realm.realm,
        KEYCLOAK_CLIENT_ID: clientId,
        KEYCLOAK_CLIENT_SECRET: realm.secret,
        KEYCLOAK_ADMIN_USER: keycloak.adminUser,
        KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
      },
    });
    const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; cause: string }[] };
    const found = checks.find(({ id }) => id === 'flow.levels');
    return [found?.status, found?.cause];
  };
  assert.deepEqual(await look('strong', '--acr', 'gold', '--acr', 'silver'), ['ok', '']);
  assert.deepEqual(await look('weak', '--acr', 'silver'), ['ok', '']);
  assert.deepEqual(await look('weak', '--acr', 'gold'), [
    'fail',
    "the browser flow 'browser' has no step for a level: nobody reaches gold (2)",
  ]);
  const [status, cause] = await look('strong', '--acr', 'platinum');
  assert.equal(status, 'fail');
  assert.match(cause ?? '', /^platinum is in no ACR to LoA Mapping/);
});
