import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInProcess } from '../cli/support/in-process.ts';
import { emptyFolder } from '../cli/support/program.ts';
import { hasTerminal } from '../cli/support/terminal.ts';
import { ROOT } from '../repo/source-imports.ts';

const MAIN = join(ROOT, 'packages/create/dist/main.js');

/** As it is shipped, in this process. */
async function create(cwd: string, ...args: string[]) {
  const { code: status, stdout, stderr } = await runInProcess(args, {}, cwd, '', MAIN);
  return { status, stdout, stderr };
}

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

test('the line to copy leads into the folder, whatever it is called', async () => {
  const cwd = emptyFolder();
  const { status, stdout } = await create(cwd, "it's $HOME", '--yes');
  assert.equal(status, 0);
  assert.ok(stdout.includes("cd 'it'\\''s $HOME'\n"), stdout);
});

test('create writes an application, says what comes next, and prints no secret', async () => {
  const cwd = emptyFolder();
  const { status, stdout, stderr } = await create(cwd, 'shop', '--login', 'browser', '--yes');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /Made shop\. Next:\n\n {2}cd shop\n {2}npm install\n {2}npm run dev\n/);
  const { clients, users, realm } = JSON.parse(read(cwd, 'shop/realm.json'));
  assert.equal(realm, 'shop');
  const secrets = [clients[0].secret, ...users.map(({ credentials }: typeof users) => credentials[0].value)];
  const [, session = ''] = /^SESSION_SECRET=(\w{64})$/m.exec(read(cwd, 'shop/.env')) ?? [];
  assert.equal(new Set([...secrets, session]).size, 4);
  for (const secret of [...secrets, session]) assert.ok(secret.length >= 24 && !stdout.includes(secret));
  for (const file of ['.env', 'realm.json'])
    assert.equal(statSync(join(cwd, 'shop', file)).mode & 0o777, 0o600, file);
  const { dependencies } = JSON.parse(read(cwd, 'shop/package.json'));
  assert.equal(dependencies['keycloak-guard'], '^0.1.0');
});

test('create writes into the folder that it is called in, and for several places', async () => {
  const cwd = join(emptyFolder(), 'shop');
  mkdirSync(cwd);
  const twice = ['--name', 'shop', '--name=shop', '--deploy', 'compose', '--deploy', 'kubernetes'];
  const { status, stdout, stderr } = await create(cwd, '.', ...twice, '--login', 'browser', '--yes');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /Made shop here\. Next:\n\n {2}npm install\n/);
  assert.ok(existsSync(join(cwd, 'compose.yaml')) && existsSync(join(cwd, 'deploy/kubernetes/app.yaml')));
  const readme = read(cwd, 'README.md');
  for (const part of ['## With Docker Compose', '## On Kubernetes', 'by the token of its service account'])
    assert.ok(readme.includes(part), part);
  assert.match((await create(cwd, '.', '--yes')).stderr, /^this folder is not empty, and nothing was made/);
});

test('create writes through no link that it finds in a folder', async () => {
  for (const link of ['src', '.env', 'README.md']) {
    const cwd = emptyFolder();
    const [outside, made] = [join(cwd, 'outside'), join(cwd, 'shop')];
    mkdirSync(outside);
    mkdirSync(made);
    symlinkSync(link === 'src' ? outside : join(outside, 'file'), join(made, link));
    const { status, stderr } = await create(cwd, 'shop', '--yes', '--overwrite');
    assert.deepEqual([status, readdirSync(outside), readdirSync(made)], [1, [], [link]], link);
    assert.match(stderr, /is a link/);
  }
});

test('create leaves a folder alone that is not empty; with --overwrite, what it does not write, and .env', async () => {
  const cwd = emptyFolder();
  mkdirSync(join(cwd, 'shop/.git'), { recursive: true });
  assert.equal((await create(cwd, 'shop', '--yes')).status, 0, 'a repository without files is empty');
  writeFileSync(join(cwd, 'shop/.env'), 'MINE=1\n');
  writeFileSync(join(cwd, 'shop/notes.txt'), 'mine');
  writeFileSync(join(cwd, 'shop/README.md'), 'mine');
  const { status, stderr } = await create(cwd, 'shop', '--yes');
  assert.deepEqual([status, read(cwd, 'shop/README.md')], [1, 'mine']);
  assert.match(stderr, /^shop is not empty, and nothing was made/);
  assert.equal((await create(cwd, 'shop', '--yes', '--overwrite')).status, 0);
  assert.match(read(cwd, 'shop/README.md'), /^# shop\n/);
  assert.deepEqual([read(cwd, 'shop/.env'), read(cwd, 'shop/notes.txt')], ['MINE=1\n', 'mine']);
});

test('create names all that is wrong at once, and makes nothing', async () => {
  const cwd = emptyFolder();
  const wrong = await create(
    cwd,
    'shop',
    'more',
    '--framework',
    'rails',
    '--login',
    'saml',
    '--name',
    'Shop',
    '--yes',
  );
  assert.equal(wrong.status, 2);
  for (const word of ['one folder', '--framework must be', '--login must be', '--name: a name has'])
    assert.ok(wrong.stderr.includes(word), wrong.stderr);
  for (const [args, words] of [
    [['shop'], /there is no terminal to ask on/],
    [['shop', '--js', '--framework', 'nest', '--yes'], /NestJS is for TypeScript/],
    [['shop', '--login', 'browser', '--framework', 'mcp', '--yes'], /MCP server has no choice of sign-in/],
    [['shop', '--deploy', 'heroku', '--yes'], /--deploy must be kubernetes, compose or both/],
    [['shop', '--deploy', 'compose,heroku', '--yes'], /--deploy must be kubernetes, compose or both/],
    [
      ['shop', '--login', 'browser', '--login=bearer', '--yes'],
      /--login is there twice, with different values/,
    ],
    [['shop.v1', '--deploy', 'kubernetes', '--yes'], /shop\.v1: in Kubernetes a name .*--name gives another/],
    [['master', '--yes'], /master: npm keeps this name for itself/],
    [['???', '--yes'], /\?\?\?: a name has lower-case letters.*--name gives another one/],
    [['shop', '--packages', '.', '--yes'], /--packages: \. lacks keycloak-guard-\d\S*\.tgz, /],
    [['shop', '--packages', 'nowhere', '--yes'], /--packages: there is no folder nowhere/],
    [['shop', '--java', '--yes'], /Unknown option '--java': --help names all options\n$/],
  ] as const) {
    const { status, stderr } = await create(cwd, ...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, words);
  }
  assert.equal(existsSync(join(cwd, 'shop')), false);
});

test('create makes a name of the folder, in letters that npm and Keycloak take', async () => {
  const cwd = emptyFolder();
  assert.equal((await create(cwd, 'My Shop!', '--yes')).status, 0);
  assert.equal(JSON.parse(read(cwd, 'My Shop!/package.json')).name, 'my-shop');
  assert.equal((await create(cwd, 'shop', '--name', 'orders', '--yes')).status, 0);
  assert.equal(JSON.parse(read(cwd, 'shop/realm.json')).clients[0].clientId, 'orders');
});

test('create takes packages from archives, which go along', async () => {
  const cwd = emptyFolder();
  const names = ['keycloak-guard', ...['testing', 'server', 'cli'].map((name) => `keycloak-guard-${name}`)];
  for (const name of names) writeFileSync(join(cwd, `${name}-0.1.0.tgz`), name);
  assert.equal((await create(cwd, 'shop', '--packages', '.', '--yes')).status, 0);
  const { dependencies, devDependencies } = JSON.parse(read(cwd, 'shop/package.json'));
  assert.equal(dependencies['keycloak-guard'], 'file:vendor/keycloak-guard-0.1.0.tgz');
  assert.equal(devDependencies['@keycloak-guard/server'], 'file:vendor/keycloak-guard-server-0.1.0.tgz');
  assert.equal(read(cwd, 'shop/vendor/keycloak-guard-cli-0.1.0.tgz'), 'keycloak-guard-cli');
});

test('create asks on a terminal for what is left open', {
  skip: hasTerminal ? false : 'needs python3, for a terminal',
}, async () => {
  const cwd = emptyFolder();
  const pty = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
  const wide = ['sh', '-c', 'stty cols 80 rows 24; exec "$0" "$@"', process.execPath];
  const child = spawn('python3', ['-c', pty, ...wide, MAIN, 'shop', '--framework', 'hono'], { cwd });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const ended = once(child, 'exit');
  const DOWN = '\u001b[B';
  for (const [question, keys] of [
    ['Who calls it?', `${DOWN}\r`],
    ['In which language?', `${DOWN}\r`],
  ] as const) {
    while (!shown.includes(question)) await once(child.stdout, 'data');
    child.stdin.write(keys);
  }
  const [code] = await ended;
  assert.equal(code, 0, shown);
  assert.doesNotMatch(shown, /What do you build/);
  assert.match(read(cwd, 'shop/src/app.js'), /kc\.session\(/);
  assert.ok(existsSync(join(cwd, 'shop/test/app.test.js')) && existsSync(join(cwd, 'shop/Dockerfile')));
});
