import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFileCursor } from '../../packages/guard/src/events/index.ts';

test('a file of a position: none is a beginning, what cannot be read is an error, and what was saved is there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'cursor-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'events.json');
  const cursor = createFileCursor(file);
  assert.equal(await cursor.load(), null);
  await assert.rejects(createFileCursor(folder).load(), { code: 'EISDIR' });
  for (const state of ['one', 'two']) {
    await cursor.save(state);
    assert.equal(await readFile(file, 'utf8'), state);
    assert.equal(await cursor.load(), state);
  }
  assert.deepEqual(await readdir(folder), ['events.json']);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await mkdir(`${file}.d`);
  await assert.rejects(createFileCursor(`${file}.d`).save('three'), { syscall: 'rename' });
});
