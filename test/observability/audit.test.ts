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

test('a line holds what is known of the event and its source, each name bounded', () => {
  const lines: object[] = [];
  const messages: string[] = [];
  const log = audit(
    {
      info(fields, message) {
        lines.push(fields);
        messages.push(message);
      },
    },
    { more: ({ request }) => ({ route: (request as { route: string }).route }) },
  );
  const long = 'x'.repeat(128);
  const who = { user: long, through: `${long}y`, tenant: 'acme', subject: null, sessionId: 'sid' };
  const of = { method: 'POST', address: '192.0.2.1', id: 'r-1', request: { route: '/a' } };
  log.event(
    { event: 'login', outcome: 'ok', by: 'password', ...who, more: { extra: 1 } } as never,
    of as never,
  );
  log.event({ event: 'session_end', outcome: 'expired' } as never, null);
  const nothing = { by: undefined, tenant: undefined, user: undefined, through: undefined, sub: undefined };
  assert.deepEqual(lines, [
    {
      ...{ event: 'login', outcome: 'ok', by: 'password', tenant: 'acme', user: long, through: `${long}…` },
      ...{ sub: undefined, sid: 'sid', extra: 1 },
      ...{ method: 'POST', address: '192.0.2.1', reqId: 'r-1', route: '/a' },
    },
    { event: 'session_end', outcome: 'expired', ...nothing, sid: undefined },
  ]);
  assert.deepEqual(messages, ['audit', 'audit']);
});

test('of what anybody can cause for nothing a hundred lines a second are written, and the rest is counted', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: { event?: string; count?: number }[] = [];
  const log = audit({ info: (fields) => lines.push(fields) });
  const write = (count: number, event: string, outcome: string) => {
    lines.length = 0;
    for (let at = 0; at < count; at++) log.event({ event, outcome } as never, null);
    return lines.length;
  };
  assert.equal(write(150, 'access', 'token_signature'), 100);
  // What Keycloak has checked is bounded by it.
  for (const outcome of ['ok', 'wrong_credentials', 'account_disabled', 'account_not_ready'])
    assert.equal(write(150, 'login', outcome), 150, outcome);
  assert.equal(write(150, 'session_end', 'expired'), 150);
  lines.length = 0;
  t.mock.timers.tick(999);
  assert.deepEqual(lines, []);
  t.mock.timers.tick(1);
  assert.deepEqual(lines, [{ event: 'left_out', count: 50 }]);
  assert.equal(write(100, 'login', 'not_valid'), 100);
  lines.length = 0;
  t.mock.timers.tick(1_000);
  assert.deepEqual(lines, [], 'none was left out');
  write(101, 'access', 'role_missing');
  lines.length = 0;
  log.close();
  t.mock.timers.tick(5_000);
  assert.deepEqual(lines, [{ event: 'left_out', count: 1 }]);
});
