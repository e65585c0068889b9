import { type TestContext, test } from 'node:test';

/** Title of the check without which none after it makes sense, while it runs and once it has failed. */
let failed: string | undefined;

/**
 * A test of a file whose tests build on one another.
 *
 * @param options `timeout` in milliseconds; where one that is `essential` fails, those after it are skipped
 */
export function check(
  title: string,
  { essential = false, ...options }: { readonly timeout: number; readonly essential?: boolean },
  run: (t: TestContext) => Promise<unknown>,
): void {
  test(title, options, async (t) => {
    if (failed !== undefined) return t.skip(failed);
    if (essential) failed = title;
    await run(t);
    if (essential) failed = undefined;
  });
}
