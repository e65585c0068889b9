import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createStandardErrorLog } from '../../packages/guard/src/core/internal.ts';

function linesOf(t: TestContext): string[] {
  const lines: string[] = [];
  t.mock.method(process.stderr, 'write', (line: string) => lines.push(line) > 0);
  return lines;
}

test('without a logger, what is wrong is a line on the standard error output, with its code', (t) => {
  const lines = linesOf(t);
  const log = createStandardErrorLog('an app');
  log.info({ code: 'a' }, 'nothing is wrong');
  log.warn({ code: 'session_lost', fix: 'Look at Redis' }, 'A session was lost');
  log.error({ id: 'wrong-secret' }, 'No login is possible');
  log.error({}, 'Something else');
  assert.deepEqual(lines, [
    'keycloak-guard: an app: A session was lost. Look at Redis (session_lost)\n',
    'keycloak-guard: an app: No login is possible (wrong-secret)\n',
    'keycloak-guard: an app: Something else\n',
  ]);
});
