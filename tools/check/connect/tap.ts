/** What a file of tests said. */
export interface TapResult {
  /** Tests, not assertions: one is passed when all it asserted held. */
  readonly passed: number;
  readonly skipped: number;
  /** Titles. */
  readonly failed: readonly string[];
  readonly failures: string;
}

/**
 * Reads what tape writes: a line `# title` for each test, `ok` or `not ok` for each assertion.
 *
 * @param isWhole whether it came to its end
 */
export function readTap(text: string, isWhole: boolean): TapResult {
  const tests: { title: string; isGood: boolean; isSkipped: boolean }[] = [];
  const failures: string[] = [];
  for (const line of text.split('\n')) {
    const title = /^# (?!tests |pass |fail |ok$|skip(?:ped)? |todo )(.*)$/.exec(line)?.[1];
    const skipped = /^# SKIP (.*)$/.exec(line)?.[1];
    if (skipped !== undefined) tests.push({ title: skipped, isGood: true, isSkipped: true });
    else if (title !== undefined) tests.push({ title, isGood: true, isSkipped: false });
    else if (/^not ok /.test(line)) {
      const test = tests.at(-1);
      if (test !== undefined) test.isGood = false;
      failures.push(`${test?.title}: ${line}`);
    }
  }
  // What is left of a realm is removed by whoever made it.
  const failed = tests
    .filter(({ isGood, title }) => !isGood && title !== 'teardown')
    .map(({ title }) => title);
  const passed = tests.filter(({ isGood, isSkipped }) => isGood && !isSkipped);
  return {
    // What makes and removes a realm is no test.
    passed: passed.filter(({ title }) => !/^(setup|teardown)$/.test(title)).length,
    skipped: tests.filter(({ isSkipped }) => isSkipped).length,
    failed: isWhole ? failed : [...failed, `did not end after ${tests.at(-1)?.title ?? 'its start'}`],
    failures: failures.join('\n'),
  };
}
