import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOutside, isThisMachine, readFolderFile } from '../../packages/server/src/config/folder.ts';
import { quoted } from '../../packages/server/src/config/setting.ts';
import { ConfigError, loadConfig } from '../../packages/server/src/index.ts';
import { makeFolder } from '../support/folder.ts';

test('this machine is told by its name alone', () => {
  for (const name of ['localhost', 'LOCALHOST', 'app.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])
    assert.equal(isThisMachine(name), true, name);
  for (const name of [
    'localhost.example',
    'notlocalhost',
    '127.example',
    '128.0.0.1',
    '::2',
    '10.127.0.1',
    '',
  ])
    assert.equal(isThisMachine(name), false, name);
});

test('a path that leads out of the folder of its settings is of somebody else, by a link too, there or not', (t) => {
  const folder = makeFolder(t);
  const elsewhere = makeFolder(t);
  const settings = join(folder, '.env');
  writeFileSync(join(folder, 'secret'), 'x');
  writeFileSync(join(elsewhere, 'secret'), 'x');
  mkdirSync(join(folder, 'below'));
  symlinkSync(join(elsewhere, 'secret'), join(folder, 'link'));
  symlinkSync(join(elsewhere, 'none'), join(folder, 'broken'));
  symlinkSync(join(folder, 'secret'), join(folder, 'within'));
  for (const name of ['secret', 'none', 'below/none', 'below/../secret', 'within', '..secret', '.github'])
    assert.equal(isOutside(settings, join(folder, name)), false, name);
  for (const name of ['link', 'broken', '../none', '.git', '.git/config', join('..', 'x')])
    assert.equal(isOutside(settings, join(folder, name)), true, name);
  symlinkSync(folder, join(elsewhere, 'linked'));
  const bySecondName = join(elsewhere, 'linked', '.env');
  for (const name of ['secret', 'none'])
    assert.equal(isOutside(bySecondName, join(elsewhere, 'linked', name)), false, name);
  for (const path of [elsewhere, join(elsewhere, 'secret'), join(elsewhere, 'none'), '/etc/passwd'])
    assert.equal(isOutside(settings, path), true, path);
});

test('a file that nobody named is read up to one mebibyte, and a folder is said to be one', (t) => {
  const folder = makeFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'x'.repeat(1024 * 1024));
  assert.equal(readFolderFile(file).length, 1024 * 1024);
  writeFileSync(file, 'x'.repeat(1024 * 1024 + 1));
  assert.throws(() => readFolderFile(file), { code: 'it has more than 1 MiB' });
  assert.equal(readFolderFile(file, 'latin1', 2 * 1024 * 1024).length, 1024 * 1024 + 1);
  assert.throws(() => readFolderFile(file, 'utf8', 512 * 1024), { code: 'it has more than 0.5 MiB' });
  assert.throws(() => readFolderFile(folder), { code: 'EISDIR' });
  if (existsSync('/dev/null'))
    assert.throws(() => readFolderFile('/dev/null'), { code: 'it is a pipe or a device' });
  assert.throws(() => readFolderFile(join(folder, 'none')), { code: 'ENOENT' });
});

test('in production sessions need a secret that somebody chose', (t) => {
  const cwd = makeFolder(t);
  const env = {
    ...{ KEYCLOAK_SERVER_URL: 'http://localhost:8080', KEYCLOAK_REALM: 'a', KEYCLOAK_CLIENT_ID: 'b' },
    KEYCLOAK_CLIENT_SECRET: 's3cr3t',
  };
  const problemsOf = (more: Record<string, string>) => {
    try {
      loadConfig({ cwd, env: { ...env, ...more } });
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems.map(({ name, seen }) => `${name} ${seen}`);
    }
  };
  const NODE_ENV = 'production';
  assert.deepEqual(problemsOf({ NODE_ENV }), ['SESSION_SECRET is not set.']);
  assert.deepEqual(problemsOf({ NODE_ENV, SESSION_SECRET: 'off' }), []);
  assert.deepEqual(problemsOf({ NODE_ENV, SESSION_SECRET: '0a4826b7f3c1d95e0a4826b7f3c1d95e' }), []);
  assert.deepEqual(problemsOf({ NODE_ENV: 'development' }), []);
  writeFileSync(join(cwd, '.env'), 'NODE_ENV=production\n');
  assert.deepEqual(problemsOf({}), ['SESSION_SECRET is not set.']);
  assert.deepEqual(problemsOf({ NODE_ENV: 'test' }), [], 'the environment comes first');
});

test('the secret of a keycloak.json goes where its folder says, and not where the folder sends one of the environment', (t) => {
  const cwd = makeFolder(t);
  writeFileSync(join(cwd, 'keycloak.json'), JSON.stringify({ credentials: { secret: 'of-the-json' } }));
  const names = 'KEYCLOAK_SERVER_URL=https://evil.example\nKEYCLOAK_REALM=a\nKEYCLOAK_CLIENT_ID=b\n';
  writeFileSync(join(cwd, '.env'), `${names}KEYCLOAK_CONFIG_FILE=keycloak.json\n`);
  assert.equal(loadConfig({ cwd, env: {} }).clientSecret, 'of-the-json');
  const elsewhere = makeFolder(t);
  const file = join(elsewhere, 'keycloak.json');
  writeFileSync(file, JSON.stringify({ credentials: { secret: 'of-another-folder' } }));
  const refusal =
    /^KEYCLOAK_CONFIG_FILE is from .*KEYCLOAK_SERVER_URL, KEYCLOAK_REALM, KEYCLOAK_CLIENT_ID from \.env/;
  assert.throws(() => loadConfig({ cwd, env: { KEYCLOAK_CONFIG_FILE: file } }), { message: refusal });
  assert.equal(
    loadConfig({ cwd, env: { KEYCLOAK_CONFIG_FILE: file }, hasConsent: true }).clientSecret,
    'of-another-folder',
  );
  writeFileSync(join(cwd, '.env'), `${names}KEYCLOAK_CONFIG_FILE=${file}\n`);
  assert.throws(() => loadConfig({ cwd, env: {} }), { message: refusal });
});

test('a value that is repeated is cut after 80 characters', () => {
  assert.equal(quoted('x'.repeat(80)), `'${'x'.repeat(80)}'`);
  assert.equal(quoted('x'.repeat(81)), `'${'x'.repeat(80)}…'`);
  assert.equal(quoted('a\u0000\u202eb'), "'a b'");
});
