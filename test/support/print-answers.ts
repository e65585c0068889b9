import { IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';

/**
 * Prints the prototype of all answers, as whoever prints everything does: Node keeps there what its getters make, `headersDistinct` among
 * it, and from then on no answer of the process has such headers of its own. Taken back at the end of the test.
 */
export function printAnswers(t: TestContext): void {
  const { prototype } = IncomingMessage;
  const before = new Set(Reflect.ownKeys(prototype));
  inspect(prototype, { getters: true, showHidden: true });
  t.after(() => {
    for (const key of Reflect.ownKeys(prototype))
      if (!before.has(key)) Reflect.deleteProperty(prototype, key);
  });
}
