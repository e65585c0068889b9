import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type CheckResult, ok, skipped } from '../../src/cli/doctor/check.ts';
import { printSummary } from '../../src/cli/doctor/report/terminal.ts';
import { emptyFolder, MAIN } from './support/program.ts';

function summaryOf(results: readonly CheckResult[]): string[] {
  const lines: string[] = [];
  const line = (text = '') => void lines.push(text);
  printSummary({ paint: (_, text) => text, line, progress() {} }, results);
  return lines.filter((text) => text.startsWith('-'));
}
const many = (count: number, why: string): CheckResult[] =>
  Array.from({ length: count }, (_, index) => ({ id: `some.check-${index}`, ...skipped(why) }));

test('the doctor names what was not looked at, up to five; more are counted', () => {
  assert.deepEqual(summaryOf([{ id: 'a.b', ...ok('') }, ...many(2, 'needs client.secret')]), [
    '- not looked at: some.check-0, some.check-1 (needs client.secret)',
  ]);
  assert.deepEqual(summaryOf(many(5, 'no admin was given')).length, 1);
  assert.match(summaryOf(many(5, 'no admin was given'))[0] ?? '', /some\.check-4 \(no admin was given\)$/);
  assert.deepEqual(summaryOf(many(54, 'needs address.keycloak')), ['- 54 checks wait for address.keycloak']);
  assert.deepEqual(summaryOf(many(14, 'no admin was given')), [
    '- 14 checks not looked at: no admin was given',
  ]);
});

test('a reader that has seen enough ends nothing: no stack trace, and the exit code is that of the command', async () => {
  const child = spawn(process.execPath, [MAIN, 'doctor'], {
    cwd: emptyFolder(),
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(errors, '');
  assert.equal(code, 1);
});
