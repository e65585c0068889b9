import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN } from '../admin/run-setup.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

const POST = 'alias ll="ls -l"\n';

for (const [command, link, flag] of [
  ['setup guide', '.env', '--env'],
  ['setup api', '.env', '--env'],
  ['setup mcp https://mcp.test/mcp', '.env', '--env'],
  ['setup app', 'service.env', '--service-env'],
  ['setup api --no-env --credential key', 'client-key.pem', '--key-file'],
  ['authz export', 'authz.json', '--file'],
] as const) {
  test(`${command} writes nothing through a ${link} that leads out of its folder, before it calls anybody`, async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const folder = join(emptyFolder(), 'clone');
    mkdirSync(folder);
    const target = join(folder, '..', '.bashrc');
    writeFileSync(target, POST);
    symlinkSync('../.bashrc', join(folder, link));
    const client = command.startsWith('setup mcp') ? [] : ['--client-id', 'api'];
    const args = [...command.split(' '), '--url', keycloak.url, '--realm', 'main', ...client];
    const { code, stderr } = await runInProcess([...args, '--yes'], ADMIN, folder);
    assert.equal(code, 2);
    assert.ok(
      stderr.includes(`${link} is a link that leads out of its folder. Nothing was changed.`),
      stderr,
    );
    assert.ok(stderr.includes(`If you mean it, name the file: ${flag} ${link}`), stderr);
    assert.equal(readFileSync(target, 'utf8'), POST);
    assert.equal(keycloak.calls(), 0);
    // Named, it is what a person chose.
    const named = await runInProcess([...args, '--yes', flag, link], ADMIN, folder);
    assert.doesNotMatch(named.stderr, /leads out of its folder/);
  });
}
