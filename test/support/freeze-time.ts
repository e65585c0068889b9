import type { TestContext } from 'node:test';

/**
 * For a test whose app has a clock of its own: Keycloak's stands still beside it and moves by `advanceClock` alone, however
 * long the machine takes.
 */
export const freezeTime = (t: TestContext): void => t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
