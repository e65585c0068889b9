// The tests of a process begin when all of its files are loaded. Some wait while they load frameworks: a test of an earlier file that
// looks at memory or time would measure that, too.
import { before } from 'node:test';

let begin;
const isLoaded = new Promise((resolve) => {
  begin = resolve;
});
before(() => isLoaded);

export { begin };
