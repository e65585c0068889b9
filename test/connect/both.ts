import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import type { Make } from './connect-app.ts';

/** Says what something came to: a status, or what a test makes of it. */
type Attempt<T> = (t: TestContext, make: Make) => Promise<T>;

/**
 * One hole of keycloak-connect: it is seen open on the original, so that the test could fail, and closed on the drop-in.
 *
 * @param closed `'at start'`: the application does not start, and is told the way out
 */
export function hole<T>(
  title: string,
  outcomes: { open: T; closed: T | 'at start' },
  attempt: Attempt<T>,
): void {
  test(`${title}: open on keycloak-connect`, async (t) => {
    assert.deepEqual(await attempt(t, 'original'), outcomes.open);
  });
  test(`${title}: closed here`, async (t) => {
    if (outcomes.closed !== 'at start') assert.deepEqual(await attempt(t, 'drop-in'), outcomes.closed);
    else
      await assert.rejects(
        attempt(t, 'drop-in'),
        (error) => error instanceof OptionsError && /for example/.test(error.message),
      );
  });
}
