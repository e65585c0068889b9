import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { startAuthzKeycloak } from '../admin/authz-keycloak.ts';
import { startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN } from '../admin/run-setup.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder, MAIN } from './support/program.ts';
import { hasTerminal, spawnInTerminal } from './support/terminal.ts';

/** Runs a command at a terminal, and types each answer when its question is there. */
async function answer(
  t: TestContext,
  args: readonly string[],
  answers: readonly (readonly [question: RegExp, typed: string])[],
  { folder = emptyFolder(), env = {} }: { folder?: string; env?: Record<string, string> } = {},
) {
  const command = `exec "${process.execPath}" "${MAIN}" ${args.map((one) => `'${one}'`).join(' ')} 1>&2`;
  const child = spawnInTerminal('sh', ['-c', command], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', ...ADMIN, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  // A question that nobody expects is never answered.
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const left = [...answers];
  let screen = '';
  let seen = 0;
  const plain = () => stripVTControlCharacters(screen).replace(/[\s│]+/g, ' ');
  for await (const chunk of child.stderr ?? []) {
    screen += chunk;
    const at = left[0] === undefined ? -1 : plain().slice(seen).search(left[0][0]);
    if (at === -1) continue;
    seen = plain().length;
    child.stdin?.write(left.shift()?.[1] ?? '');
  }
  clearTimeout(timer);
  assert.deepEqual(left, [], plain());
  return { code: await ended, screen: plain(), raw: screen };
}

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

describe('a person who says no', { skip: hasTerminal ? false : 'needs python3, for a terminal' }, () => {
  const NAMED = ['--realm', 'testing', '--client-id', 'my-api', '--app', 'http://localhost:8000'];
  const setup = (url: string) => ['setup', 'guide', '--url', url, '--no-user', ...NAMED];

  test('to a plan changes nothing, at Keycloak and in the file', async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const folder = emptyFolder();
    const { code, screen } = await answer(t, setup(keycloak.url), [[/Apply this\?/, 'n']], { folder });
    assert.deepEqual([code, keycloak.changes, readdirSync(folder)], [2, [], []], screen);
    assert.match(screen, /Nothing was changed\./);
  });

  test('and one who says yes changes both: the test above can fail', async (t) => {
    const keycloak = await startFakeKeycloak();
    t.after(() => keycloak.close());
    const folder = emptyFolder();
    const { code, screen } = await answer(t, setup(keycloak.url), [[/Apply this\?/, 'y']], { folder });
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
      const { code, screen, raw } = await answer(t, setup(keycloak.url), [[/Apply this\?/, typed]]);
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
      ['y', false],
    ] as const) {
      writeFileSync(file, mine, { mode: 0o600 });
      const { screen } = await answer(t, [...setup(keycloak.url), '--env', file], [[/Apply this\?/, typed]]);
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
      const { code, screen } = await answer(
        t,
        ['authz', 'export', ...where],
        [[/Replace .*authz\.json\?/, typed]],
      );
      assert.deepEqual([code, readFileSync(file, 'utf8') === '"mine"'], [kept ? 2 : 0, kept], screen);
    }
  });
});
