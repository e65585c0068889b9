import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { loadAuthz } from '../../packages/cli/src/authz/file.ts';
import { compareEnv, mergeEnv, readEnvText, readSettings } from '../../packages/cli/src/settings/env-file.ts';
import {
  findExposure,
  planWrite,
  replacePrivateFile,
  writePrivateFile,
} from '../../packages/cli/src/settings/private-file.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { planEnv } from '../../packages/cli/src/setup/api/env-plan.ts';
import {
  ConfigError,
  loadConfig,
  parseSettings,
  readKeycloakJson,
} from '../../packages/server/src/config/index.ts';
import { makeFolder } from '../support/folder.ts';

test('lines that are there stay, comments too; a setting that changes keeps its place', () => {
  const text = '# mine\nexport KEYCLOAK_REALM=old\nPORT=8000\n';
  const changes = compareEnv(text, { KEYCLOAK_REALM: 'testing', PORT: '8000', KEYCLOAK_CLIENT_ID: 'api' });
  assert.deepEqual(changes, [
    { name: 'KEYCLOAK_REALM', from: 'old', to: 'testing' },
    { name: 'KEYCLOAK_CLIENT_ID', from: undefined, to: 'api' },
  ]);
  assert.equal(
    mergeEnv(text, changes),
    '# mine\nKEYCLOAK_REALM=testing\nPORT=8000\nKEYCLOAK_CLIENT_ID=api\n',
  );
});

test('where a name stands twice, the line that counts is changed', () => {
  assert.equal(mergeEnv('A=1\nA=2\n', [{ name: 'A', from: '2', to: '3' }]), 'A=1\nA=3\n');
});

test('lines without a setting stay, and the setting below them is the one that is changed', () => {
  const text = 'A=1\n  \nB=2\nC\nD=4\n';
  const changes = compareEnv(text, { B: '3', D: '5' });
  assert.deepEqual(
    changes.map(({ from }) => from),
    ['2', '4'],
  );
  assert.equal(mergeEnv(text, changes), 'A=1\n  \nB=3\nC\nD=5\n');
});

test('line ends of Windows stay', () => {
  assert.equal(mergeEnv('A=1\r\nB=2\r\n', [{ name: 'B', from: '2', to: '3' }]), 'A=1\r\nB=3\r\n');
});

test('every value is read back as it was written', () => {
  for (const value of [
    'plain',
    'with space',
    '#hash',
    'a"b',
    "a'b",
    '$HOME',
    'a=b',
    '',
    '\\n',
    'C:\\new',
    ' spaces ',
    `don't #1`,
    'ends with \\',
  ]) {
    const text = mergeEnv('', [{ name: 'A', from: undefined, to: value }]);
    assert.equal(parseEnv(text).A, value);
    // As people read it too: `set -a; . ./.env`.
    const shell = spawnSync('sh', ['-c', `${text}printf %s "$A"`], { encoding: 'utf8' });
    assert.equal(shell.stdout, value);
  }
});

test('no value runs a command where the file is read by a shell, nor becomes a setting of its own where it is read by lines', () => {
  for (const value of [
    'x; echo ran',
    "x'; echo ran; '",
    '$(echo ran)',
    "it's $(echo ran)",
    '`echo ran`',
    "it's `echo ran`",
    `both " and '; echo ran`,
    `both " and ' $(echo ran)`,
    `all " and ' and \`; echo ran`,
    'x\nNODE_OPTIONS=--require=/tmp/evil.js',
    "it's\nNODE_OPTIONS=--require=/tmp/evil.js",
    'x\u001b[2J',
    'x\u0085y',
  ]) {
    let text = '';
    try {
      text = mergeEnv('', [{ name: 'A', from: undefined, to: value }]);
    } catch (error) {
      assert.ok(error instanceof UsageError);
    }
    assert.equal(spawnSync('sh', ['-c', text], { encoding: 'utf8' }).stdout, '', text);
    assert.ok(text.split('\n').length <= 2, 'one line');
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
  }
});

test('the file is for its owner alone, even where it was not before, and no draft is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  const file = join(folder, '.env');
  await writeFile(file, 'A=1\n', { mode: 0o644 });
  await writePrivateFile(file, 'A=2\n');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), 'A=2\n');
  assert.deepEqual(await readdir(folder), ['.env']);
});

test('a value that no quotes can hold is refused, and the file says nothing else', () => {
  for (const value of [`#"'\``, `both " and '`, `$1 isn't`, 'two\nlines', 'two\r\nlines', 'a\u001bb']) {
    assert.throws(
      () => mergeEnv('B=1\n', [{ name: 'A', from: undefined, to: value }]),
      (error) =>
        error instanceof UsageError && /^A has a value/.test(error.message) && !error.message.includes(value),
    );
  }
});

test('a value of several lines is one value: replaced whole, and nothing in it is taken for a name', () => {
  const text = 'CERT="-----BEGIN\nKEYCLOAK_REALM=inside\n-----END"\nKEYCLOAK_REALM=old # mine\nPORT=1\n';
  const realm = mergeEnv(text, [{ name: 'KEYCLOAK_REALM', from: 'old', to: 'testing' }]);
  assert.equal(realm, text.replace('old # mine', 'testing'));
  const cert = mergeEnv(text, [{ name: 'CERT', from: 'x', to: 'short' }]);
  assert.equal(cert, 'CERT=short\nKEYCLOAK_REALM=old # mine\nPORT=1\n');
  const added = mergeEnv("A='1\nB=2\n3'", [{ name: 'B', from: undefined, to: '4' }]);
  assert.deepEqual({ ...parseEnv(added) }, { A: '1\nB=2\n3', B: '4' });
});

test('of lines with one name the last counts, also below a line that is no setting', () => {
  assert.deepEqual(
    { ...parseSettings('A=a\nTODO\nA=b\nexport A=c\nTODO\n# B="old\nB=new\nC="1\n#2\n\n3"\n') },
    { A: 'c', B: 'new', C: '1\n#2\n\n3' },
    'a comment opens no quotes',
  );
});

test('a quote that nobody closed ends with its line, as where the file is read', () => {
  const text = 'A="open\nB=2\n# C=3\n  export D = 4\n\nF=\n';
  const merged = mergeEnv(text, [
    { name: 'B', from: '2', to: 'two' },
    { name: 'D', from: '4', to: 'four' },
    { name: 'F', from: '', to: 'six' },
    { name: 'C', from: undefined, to: 'three' },
  ]);
  assert.equal(merged, 'A="open\nB=two\n# C=3\nD=four\n\nF=six\nC=three\n');
});

test('a file that would come to say something else is left to a person', () => {
  // The quote that is open would find its end in the new line.
  const text = "A='1\n";
  assert.throws(
    () => mergeEnv(text, [{ name: 'B', from: undefined, to: "it's" }]),
    (error) => error instanceof UsageError && /without changing A.*: write B by hand$/.test(error.message),
  );
});

test('a file of others costs what its length costs', () => {
  const before = process.cpuUsage();
  for (const text of [
    `a${' '.repeat(300_000)}`,
    `export${' '.repeat(300_000)}`,
    'a\n✓ all is well\n'.repeat(9),
  ]) {
    const merged = mergeEnv(`${text}\n`, [{ name: 'B', from: undefined, to: '1' }]);
    assert.ok(merged === `${text}\nB=1\n`);
  }
  assert.ok(process.cpuUsage(before).user < 10_000_000, 'quadratic, it took minutes');
});

test('a byte order mark is no part of the first name', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'env-file-')), '.env');
  await writeFile(file, '\uFEFFKEYCLOAK_REALM=mine\n');
  assert.equal(await readEnvText(file), 'KEYCLOAK_REALM=mine\n');
  assert.equal((await readSettings({}, file, true))('KEYCLOAK_REALM'), 'mine');
});

test('a file that nobody named is a regular one of at most 1 MiB: nothing waits for a pipe, or reads a device to its end', {
  skip: process.platform === 'win32' && 'Windows has neither',
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  const [pipe, device, large] = ['pipe', 'device', 'large'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  await symlink('/dev/zero', device);
  await writeFile(large, '#'.repeat(1024 * 1024 + 1));
  for (const [file, why] of [
    [pipe, 'it is a pipe or a device'],
    [device, 'it is a pipe or a device'],
    [large, 'it has more than 1 MiB'],
  ] as const) {
    await assert.rejects(readSettings({}, file, false), { message: `${file} cannot be read (${why})` });
    assert.deepEqual(readKeycloakJson(file), new Error('cannot be read.'));
    await symlink(file, join(folder, '.env'));
    assert.throws(
      () => loadConfig({ env: {}, cwd: folder }),
      (error) => error instanceof ConfigError && error.message.includes(`.env cannot be read (${why})`),
    );
    await rm(join(folder, '.env'));
    await assert.rejects(loadAuthz(`${file}.json`), UsageError);
    await symlink(file, `${file}.json`);
    await assert.rejects(loadAuthz(`${file}.json`), UsageError);
  }
  // The person may mean one: password managers give their settings by a pipe.
  const named = readSettings({}, pipe, true);
  await writeFile(pipe, 'KEYCLOAK_REALM=mine');
  assert.equal((await named)('KEYCLOAK_REALM'), 'mine');
});

test('a link stays, and the file that it leads to is written, there or not yet', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  const [link, between, file] = ['.env', 'between', 'shared.env'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await symlink('between', link);
  await symlink(file, between);
  for (const text of ['A=1\n', 'A=2\n']) {
    await writePrivateFile(link, text);
    assert.equal(await readFile(file, 'utf8'), text);
    assert.equal((await lstat(file)).mode & 0o777, 0o600);
    assert.equal(await readlink(link), 'between');
  }
  const loop = join(folder, 'loop');
  await symlink('loop', loop);
  await assert.rejects(writePrivateFile(loop, 'A=1\n'), UsageError);
  assert.deepEqual((await readdir(folder)).sort(), ['.env', 'between', 'loop', 'shared.env']);
});

test('what is no file stays what it is, also at the end of a link: a device, a pipe, a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kg-'));
  const pipe = join(folder, 'pipe');
  spawnSync('mkfifo', [pipe]);
  await symlink(pipe, join(folder, 'link'));
  await mkdir(join(folder, 'folder'));
  for (const name of ['pipe', 'link', 'folder'])
    for (const write of [(file: string) => writePrivateFile(file, 'A=b'), planWrite])
      await assert.rejects(write(join(folder, name)), /is no file that can be replaced: name another one$/);
  assert.ok((await lstat(pipe)).isFIFO());
});

test('a file that cannot be replaced leaves no draft behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kg-'));
  await mkdir(join(folder, 'taken'));
  await assert.rejects(replacePrivateFile(join(folder, 'taken'), 'A=b'), { code: /EISDIR|ENOTEMPTY|EEXIST/ });
  assert.deepEqual(await readdir(folder), ['taken']);
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(writePrivateFile(join(folder, 'file', '.env'), 'A=b'), { code: 'ENOTDIR' });
});

test('a plan says where a link leads, before anything is written there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  const [link, target] = [join(folder, '.env'), join(folder, 'elsewhere')];
  await symlink('elsewhere', link);
  const out = { paint: (_format: unknown, text: string) => text, line() {}, progress() {} };
  const known = { KEYCLOAK_REALM: 'testing' };
  const options = { overwriteEnv: false, yes: true };
  const plan = await planEnv(link, options, known, async () => known, out, undefined, false);
  const subject = `${link}, which is a link to ${target}`;
  assert.deepEqual(
    plan.steps.map((step) => step.subject),
    [subject],
  );
  const done: string[] = [];
  for await (const one of plan.apply()) done.push(one.subject);
  assert.deepEqual(done, [`${subject} (readable by you alone)`]);
  assert.equal(await readFile(target, 'utf8'), 'KEYCLOAK_REALM=testing\n');
});

test('a file is found through 20 links, and no more', async (t) => {
  const folder = makeFolder(t);
  const nameOf = (links: number) => join(folder, `${links}.env`);
  for (let links = 1; links <= 21; links++) await symlink(nameOf(links - 1), nameOf(links));
  assert.equal((await planWrite(nameOf(20))).subject, `${nameOf(20)}, which is a link to ${nameOf(0)}`);
  await assert.rejects(planWrite(nameOf(21)), /21\.env leads through more than 20 links/);
});

test('a plan says that git would take a file with a secret, unless the repository ignores it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  const file = join(folder, 'app', '.env');
  await mkdir(dirname(file));
  assert.deepEqual(await findExposure(file), []);
  await mkdir(join(folder, '.git', 'info'), { recursive: true });
  assert.match((await findExposure(file)).join(), /git would take .*\.env into the repository/);
  for (const [rules, isTold] of [
    ['node_modules\n*.pem\n', true],
    ['# .env\n', true],
    ['.env\n', false],
    ['.env*\r\n', false],
    ['.env\n!.env.example\n', false],
    ['.env*\n!.env\n', true],
    // Of another folder, of another name, or taken back in by a rule that only git reads.
    ['/.env\n', true],
    [' .env\n', true],
    ['.env\t\n', true],
    ['.env\n!.en[v]\n', true],
    ['.env\n!app/.env\n', true],
    ['*.e*v*\n', false],
    ['*.e*v*x\n', true],
    ['.e*x*v\n', true],
    ['.e*n*v\n', false],
    ['.en*nv\n', true],
    ['.e*v*v\n', true],
    ['*n*n*\n', true],
    ['.env\n\n \n# .en[v]\n', false],
    ['.*\n', false],
    ['*\n', false],
    ['.en\n', true],
  ] as const) {
    await writeFile(join(folder, '.gitignore'), rules);
    assert.equal((await findExposure(file)).length > 0, isTold, rules);
  }
  await writeFile(join(folder, '.gitignore'), '#env\n');
  assert.equal((await findExposure(join(folder, '#env'))).length, 1, 'a comment names no file');
  await writeFile(join(folder, 'app', '.gitignore'), '/.env\n');
  assert.deepEqual(await findExposure(file), []);
  await writeFile(join(folder, '.git', 'info', 'exclude'), '*.pem\n');
  assert.deepEqual(await findExposure(join(folder, 'client-key.pem')), []);
});

test('a file that git has already is told of, whatever .gitignore says; the rules of a folder cost no more than their bytes', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  t.after(() => rm(folder, { recursive: true }));
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
  git('init', '-q');
  const file = join(folder, '.env');
  await writeFile(join(folder, '.env.example'), '');
  git('add', '.env.example');
  await writeFile(join(folder, '.gitignore'), '.env\n');
  assert.deepEqual(await findExposure(file), []);
  await writeFile(file, '');
  git('add', '-f', '.env');
  assert.match(
    (await findExposure(file)).join(),
    /git has .*\.env in the repository already.*git rm --cached/,
  );
  // The repository of a second working tree is elsewhere: `.git` is a file that names it.
  git('-c', 'user.name=x', '-c', 'user.email=x@example.com', 'commit', '-qm', 'x');
  git('worktree', 'add', '-q', 'second');
  assert.match((await findExposure(join(folder, 'second', '.env'))).join(), /git has .*\.env in the/);

  await writeFile(join(folder, '.gitignore'), `${'*a'.repeat(40)}*b\n`);
  const name = join(folder, 'a'.repeat(200));
  const started = performance.now();
  assert.match((await findExposure(name)).join(), /git would take/);
  assert.ok(performance.now() - started < 2000);
  await writeFile(join(folder, '.gitignore'), '\n'.repeat(500_000));
  assert.match((await findExposure(name)).join(), /git would take/);
});
