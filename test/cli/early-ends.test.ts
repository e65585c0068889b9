import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminError } from '../../packages/cli/src/admin/admin-error.ts';
import { reportEarlyEnd, runAsAdmin } from '../../packages/cli/src/commands/run-as-admin.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { Cancelled } from '../../packages/cli/src/terminal/questions.ts';
import { createLines } from '../admin/run-setup.ts';
import { runInProcess } from './support/in-process.ts';

test('why a command ended early is said, and its exit code is whose fault that was', () => {
  for (const [error, code, said] of [
    [new UsageError(['one', 'two']), 2, ['setup: one', 'setup: two']],
    [new Cancelled(), 1, ['setup: cancelled, nothing more was changed']],
    [new Error('another'), undefined, []],
  ] as const) {
    const { lines, out } = createLines();
    assert.equal(reportEarlyEnd('setup', error, out), code);
    assert.deepEqual(lines, said);
  }
});

test('an exit code of 1 may be an answer: then trouble is 2', async (t) => {
  const written: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0);
  const end = async (codeOfTrouble: 1 | 2, error: unknown) => {
    written.length = 0;
    return runAsAdmin('authz', codeOfTrouble, () => Promise.reject(error)).then(
      (code) => [code, written.join('')],
      () => 'thrown on',
    );
  };
  const cancelled = 'authz: cancelled, nothing more was changed\n';
  assert.deepEqual(await end(1, new Cancelled()), [1, cancelled]);
  assert.deepEqual(await end(2, new Cancelled()), [2, cancelled]);
  assert.deepEqual(await end(1, new UsageError(['wrong'])), [2, 'authz: wrong\n']);
  const broken = new TypeError('a mistake of ours');
  assert.equal(await end(1, broken), 'thrown on');
  assert.deepEqual(await end(2, broken), [2, 'authz: a mistake of ours\n']);
  const gone = new AdminError('missing', 404, "'x' is gone");
  assert.deepEqual(await end(1, gone), [1, "authz: 'x' is gone\n"]);
  const forbidden = new AdminError('forbidden', 403, 'refused to read', 'no');
  const [code, text] = (await end(2, forbidden)) as [number, string];
  assert.equal(code, 2);
  assert.match(text, /^authz: refused to read\nThis admin may not do it\. .*realm-management/);
});

test('serve wants the file that was named, and begins with no other settings', async () => {
  const { code, stderr } = await runInProcess(['serve', '--env', 'nowhere.env']);
  assert.deepEqual([code, stderr], [2, 'keycloak-guard serve: there is no file nowhere.env\n']);
});
