import { after, type TestContext } from 'node:test';

/**
 * What a helper takes for a test's context, where it starts something once for all tests of a `describe` or of a file: what it gives to
 * `after` is called when they are done, the last first.
 */
export function afterAll(): TestContext {
  const ends: (() => unknown)[] = [];
  after(async () => {
    for (const end of ends) await end();
  });
  return { after: (end: () => unknown) => void ends.unshift(end) } as TestContext;
}
