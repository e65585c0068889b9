import assert from 'node:assert/strict';

/**
 * Holds what a token response has beside its tokens against the lifetimes of the testing realm. They are counted from
 * when the tokens were made: a busy machine may be seconds late with the answer.
 */
export function assertTokenLifetimes(rest: Record<string, unknown>): void {
  const { expires_in: access, refresh_expires_in: refresh, ...others } = rest;
  assert.deepEqual(others, { token_type: 'bearer' });
  assertAbout(access, 300);
  assertAbout(refresh, 1800);
}

/** Of a lifetime that is counted down already. Unit: seconds. */
export function assertAbout(seconds: unknown, expected: number): void {
  assert.ok(Number.isInteger(seconds), `whole seconds: ${seconds}`);
  assert.ok(Number(seconds) <= expected && Number(seconds) > expected - 15, `${seconds}, about ${expected}`);
}
