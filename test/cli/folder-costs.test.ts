import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appUrlOf } from '../../packages/cli/src/settings/address.ts';
import { createConsent, FromFolder, isSecretSetting } from '../../packages/cli/src/settings/from-folder.ts';
import { readGuards } from '../../packages/cli/src/source/guards.ts';
import { ConfigError, loadConfig } from '../../packages/server/src/config/index.ts';

// A folder that was cloned makes no command work for minutes.

/** Unit: milliseconds. */
async function costOf(work: () => unknown): Promise<number> {
  const started = process.cpuUsage().user;
  await work();
  return (process.cpuUsage().user - started) / 1000;
}

test('an address of a folder costs what its bytes cost', async () => {
  const address = `http://localhost:9${'/'.repeat(300_000)}x`;
  const serverUrl = new FromFolder('KEYCLOAK_SERVER_URL', address, '.env', undefined);
  const sending = { name: 'DOCTOR_PASSWORD', value: 'mine', serverUrl, realm: 'shop', as: 'ann' };
  const env = { KEYCLOAK_SERVER_URL: address, PUBLIC_URL: address };
  for (const work of [
    () => appUrlOf(undefined, address),
    () => createConsent(undefined).open({}, [sending]).catch(String),
    () => assert.throws(() => loadConfig({ envFile: 'none.env', env }), ConfigError),
    () => assert.equal(isSecretSetting('REDIS_URL', `redis://${':'.repeat(300_000)}`), false),
    () => assert.equal(isSecretSetting('REDIS_URL', `redis://:a${':'.repeat(300_000)}@host`), true),
    () => assert.equal(isSecretSetting('REDIS_URL', '+'.repeat(300_000)), false),
    () => assert.equal(isSecretSetting(`${'TOKEN'.repeat(60_000)}-`), false),
  ])
    assert.ok((await costOf(work)) < 2_000, String(work));
});

test('a program of a folder costs what its bytes cost', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'folder-costs-'));
  t.after(() => rm(folder, { recursive: true }));
  const guardOf = (names: readonly string[]) => `guard({scope:[${names}]})\n`;
  const lines = Array.from({ length: 8 }, (_, line) =>
    guardOf(Array.from({ length: 5_000 }, (_, at) => `'${line}${at}'`)),
  );
  await writeFile(join(folder, 'scopes.js'), lines.join(''));
  const late = guardOf(Array(9_000).fill('x'));
  await writeFile(join(folder, 'unread.js'), 'guard(x)\n'.repeat(10_000) + late.repeat(8));
  let found: Awaited<ReturnType<typeof readGuards>> | undefined;
  const cost = await costOf(async () => {
    found = await readGuards(folder);
  });
  assert.ok(cost < 4_000, `${cost} ms`);
  assert.deepEqual([found?.scopes.length, found?.unread.length], [40_000, 10_008]);
});

test('names that stand for one another are followed so far, and those that do so for ever end as unread', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'folder-costs-'));
  t.after(() => rm(folder, { recursive: true }));
  const isRead = async (names: number) => {
    const lines = Array.from({ length: names }, (_, at) => `const a${at + 1} = a${at};\n`);
    await writeFile(
      join(folder, 'app.js'),
      `const a0 = 'read';\n${lines.join('')}guard({ scope: a${names} });`,
    );
    const { scopes, unread } = await readGuards(folder);
    assert.equal(scopes.length + unread.length, 1);
    return scopes.length === 1;
  };
  assert.deepEqual([await isRead(1), await isRead(18), await isRead(19)], [true, true, false]);
  await writeFile(join(folder, 'app.js'), 'const a = b;\nconst b = a;\nguard({ scope: a });');
  assert.equal((await readGuards(folder)).unread.length, 1);
});
