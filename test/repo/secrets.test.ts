import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './source-imports.ts';

const options = { skip: existsSync(join(ROOT, '.git')) ? false : 'not a git checkout' };
const lines = (text: string): string[] => text.split('\n').filter(Boolean);

/** Those that git would leave out, whatever else is ignored on this machine. */
function ignored(files: readonly string[]): string[] {
  const check = ['-c', 'core.excludesFile=', 'check-ignore', '--no-index', '--stdin'];
  return lines(spawnSync('git', check, { cwd: ROOT, input: files.join('\n'), encoding: 'utf8' }).stdout);
}

test('files that the documents have people write, with secrets in them, stay out of git', options, () => {
  const secret = ['.env', '.env.local', '.env.production', 'scale.env', 'prod.env', 'realm.json'];
  assert.deepEqual(ignored(secret), secret);
  const tracked = lines(execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }));
  assert.ok(tracked.includes('.env.example'));
  assert.deepEqual(ignored(tracked), []);
});
