import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { audit } from '../../packages/guard/src/observability/audit.ts';

const admitted = { event: 'access', outcome: 'ok', user: 'ann' } as const;
const source = { method: 'GET', address: '127.0.0.1', id: 'r1', request: {} } as never;

test('an audit log without a logger fails at the start: later nobody would see that its lines are missing', () => {
  for (const log of [undefined, null, {}, { info: 'x' }])
    assert.throws(() => audit(log as never), OptionsError);
});

test('fields of the application that fail do not take the line with them, nor does their error stand in it', () => {
  const lines: object[] = [];
  const log = audit(
    { info: (fields) => lines.push(fields) },
    {
      more() {
        throw new Error('eyJ…');
      },
    },
  );
  log.event(admitted as never, source);
  log.close();
  assert.equal(lines.length, 1);
  assert.deepEqual({ ...lines[0], ...admitted, method: 'GET', more: 'failed' }, lines[0]);
  assert.doesNotMatch(JSON.stringify(lines), /eyJ/);
});
