import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { compareEnv, mergeEnv, writePrivateFile } from '../../src/cli/setup/env-file.ts';

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
    `both " and '`,
    '\\n',
  ]) {
    assert.equal(parseEnv(mergeEnv('', [{ name: 'A', from: undefined, to: value }])).A, value);
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
