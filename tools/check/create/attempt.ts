import type { Check, Result } from './table.ts';

/** Does something that is a check: notes how long it took, or why it failed. */
export type Look = (check: Check, action: () => Promise<unknown>) => Promise<void>;

/** All checks of a template. What follows a failed installation is left out: it would say nothing. */
export async function attempt(row: Result['row'], all: (look: Look) => Promise<void>): Promise<Result> {
  const done: Partial<Record<Check, number>> = {};
  const failures: string[] = [];
  let isInstalled = true;
  await all(async (check, action) => {
    if (!isInstalled) return;
    const began = performance.now();
    try {
      await action();
      done[check] = (performance.now() - began) / 1000;
    } catch (error) {
      isInstalled = check !== 'install';
      failures.push(`${row.join(', ')}: ${check}: ${(error as Error).stack}`);
    }
  });
  for (const failure of failures) console.error(failure);
  console.log(`${row.join(', ')}: ${failures.length === 0 ? 'good' : 'FAILED'}`);
  return { row, done, failures };
}
