import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { saveState } from '../../packages/testing/src/provider/provider.ts';

const STATE = { version: 1, realm: 'blue', keys: {}, sessions: {} } as never;

test('private keys are written to a file of their own, for its owner alone, whatever stands in its place or beside it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'state-file-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  const victim = join(folder, 'victim');
  await writeFile(victim, 'mine');
  await chmod(victim, 0o666);
  await symlink(victim, `${file}.${process.pid}.tmp`);
  await symlink(victim, file);
  await saveState(file, STATE);
  assert.equal(await readFile(victim, 'utf8'), 'mine');
  const found = await lstat(file);
  assert.ok(found.isFile());
  assert.equal(found.mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), STATE);
});

test('a state that cannot be written leaves no draft with private keys behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'state-file-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'state.json');
  await mkdir(join(file, 'x'), { recursive: true });
  await assert.rejects(saveState(file, STATE));
  assert.deepEqual(await readdir(folder), ['state.json']);
});
