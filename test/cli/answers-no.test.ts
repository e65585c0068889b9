import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startAuthzKeycloak } from '../admin/authz-keycloak.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN } from '../admin/run-setup.ts';
import { runAtTerminal, runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

/** Each question that a person can say no to, and the test that says it. */
const ASKED: Readonly<Record<string, string>> = {
  'Apply this?': 'here',
  'Replace ': 'here',
  ' chose ': 'hostile-folder.test.ts',
};

test('every question of the command line is in this list, with the test that answers no', () => {
  const folder = fileURLToPath(new URL('../../packages/cli/src', import.meta.url));
  const questions = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/\.confirm\(\s*['`](?:\$\{\w+\})?([^'`$]+)/g),
    ])
    .map(([, text]) => text as string);
  assert.deepEqual([...questions].sort(), Object.keys(ASKED).sort());
});

describe('a person who says no', () => {
  const NAMED = ['--realm', 'testing', '--client-id', 'my-api', '--app', 'http://localhost:8000'];
  const setup = (url: string) => ['setup', 'guide', '--url', url, '--no-user', ...NAMED];

  test('to a plan changes nothing, at Keycloak and in the file; and one who says yes changes both', async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const folder = emptyFolder();
    const say = (typed: string) =>
      runAtTerminal(setup(keycloak.url), [[/Apply this\?/, typed]], ADMIN, folder);
    const no = await say('n');
    assert.deepEqual([no.code, keycloak.changes, readdirSync(folder)], [2, [], []], no.screen);
    assert.match(no.screen, /Nothing was changed\./);
    const { code, screen } = await say('y');
    assert.equal(code, 0, screen);
    assert.ok(keycloak.changes.length > 0);
    const [, secret = ''] =
      /^KEYCLOAK_CLIENT_SECRET=(.+)$/m.exec(readFileSync(join(folder, '.env'), 'utf8')) ?? [];
    assert.ok(secret.length > 0);
    assert.ok(!screen.includes(secret), 'the plan hides the secret');
  });

  test('and one who gives no answer, by Ctrl-C or Ctrl-D, has cancelled, and sees the cursor again', async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    for (const typed of ['\x03', '\x04']) {
      const { code, screen, raw } = await runAtTerminal(
        setup(keycloak.url),
        [[/Apply this\?/, typed]],
        ADMIN,
      );
      assert.deepEqual([code, keycloak.changes], [1, []], screen);
      assert.match(screen, /setup: cancelled, nothing more was changed/);
      assert.ok(raw.lastIndexOf('\x1b[?25h') > raw.lastIndexOf('\x1b[?25l'), 'the cursor is shown');
    }
  });

  test('to a plan with another value in the file keeps it, and no secret is shown: neither the old one nor the new one', async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const folder = emptyFolder();
    const file = join(folder, 'my.env');
    assert.equal(
      (await runInProcess([...setup(keycloak.url), '--env', file, '--yes'], ADMIN, folder)).code,
      0,
    );
    const made = /^KEYCLOAK_CLIENT_SECRET=(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    const mine = readFileSync(file, 'utf8').replace(made, 'a-secret-of-mine');
    for (const [typed, kept] of [
      ['n', true],
      ['\r', true],
      ['y', false],
    ] as const) {
      writeFileSync(file, mine, { mode: 0o600 });
      const plan = [...setup(keycloak.url), '--env', file];
      const { screen } = await runAtTerminal(plan, [[/Apply this\?/, typed]], ADMIN);
      assert.match(screen, /KEYCLOAK_CLIENT_SECRET: \(hidden\) → \(hidden\) \(another one\)/);
      assert.match(screen, /opens: values that are there are replaced: KEYCLOAK_CLIENT_SECRET/);
      assert.equal(readFileSync(file, 'utf8').includes('a-secret-of-mine'), kept, screen);
      for (const secret of [made, 'a-secret-of-mine']) assert.ok(!screen.includes(secret), screen);
    }
  });

  test('to the export of permissions keeps the file that is there', async (t) => {
    const { keycloak, reset } = await startAuthzKeycloak();
    t.after(() => keycloak.close());
    reset('api');
    const folder = emptyFolder();
    const file = join(folder, 'authz.json');
    const where = ['--url', keycloak.url, '--client-id', 'api', '--file', file];
    writeFileSync(
      file,
      JSON.stringify({ scopes: ['view'], resources: [{ name: 'orders', scopes: ['view'] }] }),
    );
    assert.equal((await runInProcess(['authz', 'apply', ...where, '--yes'], ADMIN, folder)).code, 0);
    for (const [typed, kept] of [
      ['n', true],
      ['y', false],
    ] as const) {
      writeFileSync(file, '"mine"');
      const question = /Replace .*authz\.json\?/;
      const { code, screen } = await runAtTerminal(['authz', 'export', ...where], [[question, typed]], ADMIN);
      assert.deepEqual([code, readFileSync(file, 'utf8') === '"mine"'], [kept ? 2 : 0, kept], screen);
    }
  });
});
