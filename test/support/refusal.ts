import assert from 'node:assert/strict';
import { AuthError, type AuthErrorCode, OptionsError } from '../../packages/guard/src/core/index.ts';

/** Runs what should be refused, thrown or rejected, and returns the refusal. */
export async function refusalOf(act: () => unknown): Promise<AuthError> {
  try {
    await act();
  } catch (error) {
    assert.ok(error instanceof AuthError, `refused with ${String(error)}, not with an AuthError`);
    return error;
  }
  assert.fail('it was not refused');
}

export async function assertRefused(act: () => unknown, code: AuthErrorCode): Promise<AuthError> {
  const error = await refusalOf(act);
  assert.equal(error.code, code, `refused as ${error.code} (${error.reason}), not as ${code}`);
  return error;
}

/** What is wrong with options, each with its name; nothing where they are taken. */
export function rulesBrokenBy(act: () => unknown): string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    return error.problems.map(({ option, rule }) => `${option} ${rule}`);
  }
}

/** The answer came at once: no promise. */
export function assertAtOnce<T>(value: T | Promise<T>): T {
  assert.ok(!(value instanceof Promise), 'a promise was returned');
  return value;
}

/** Lets everything that waits for nothing outside this process run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what comes by itself. What does not come fails its test, by a clock that no test stops. */
export async function settleUntil(holds: () => boolean): Promise<void> {
  const begun = process.hrtime()[0];
  while (!holds()) {
    assert.ok(process.hrtime()[0] - begun < 30, `not within 30 s: ${holds}`);
    await settle();
  }
}
