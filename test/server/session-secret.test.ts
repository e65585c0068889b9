import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTestApp } from './service.ts';

test('a secret of sessions that the service made up is told at the start, and no other', async (t) => {
  for (const [settings, isTold] of [
    [{}, true],
    [{ SESSION_SECRET: 'b7f3c1d95e0a4826b7f3c1d95e0a4826' }, false],
    [{ SESSION_SECRET: 'off' }, false],
  ] as const) {
    const { log } = await buildTestApp(t, 'http://127.0.0.1:9', settings);
    const told = log.lines().filter(({ msg }) => String(msg).startsWith('SESSION_SECRET is not set'));
    assert.equal(told.length, isTold ? 1 : 0, JSON.stringify(settings));
  }
});
