// A reporter of node:test for logs: how far the run is, the tables that tests print, and at its end what failed, where a log is read first.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** A line for so many tests. */
const STEP = 500;
/** What a process of tests says that had to be ended: see failed-process.mjs and test.mjs. */
const LEFT_OPEN = /^(?:Nothing happens any more|The time is nearly up|Its tests are done)/;
/** What node:test says of an error of which it does not know the test. */
const OF_NO_TEST = /generated asynchronous activity/;

export default async function* summary(events) {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  const counts = { ran: 0, skipped: 0 };
  const failed = [];
  const names = [];
  /** What a process wrote to stderr: shown where it ended badly as a whole. */
  const said = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type === 'test:stderr' && LEFT_OPEN.test(data.message))
      yield `\n${relative(root, data.file ?? '')}: ${data.message}`;
    if (type === 'test:stderr') said.set(data.file, `${said.get(data.file) ?? ''}${data.message}`);
    if (type === 'test:diagnostic' && (data.message.startsWith('| ') || OF_NO_TEST.test(data.message)))
      yield `${data.message}\n`;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { error, type: kind } = data.details;
    if (kind !== 'suite') counts.ran++;
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped++;
    else if (type === 'test:fail' && error?.failureType !== 'subtestsFailed') {
      const told = describe([...names.slice(0, data.nesting), data.name], data.file, error?.cause ?? error);
      const stderr = data.nesting === 0 ? (said.get(data.file) ?? '') : '';
      const { exitCode, signal } = error ?? {};
      const ended = exitCode === undefined ? '' : `    exit code ${exitCode}, signal ${signal}\n`;
      failed.push(`${told}${ended}${stderr}`);
      yield told;
    }
    if (kind !== 'suite' && counts.ran % STEP === 0) yield `${counts.ran} tests after ${seconds()}\n`;
  }
  yield `\n${counts.ran} tests in ${seconds()}, ${counts.skipped} skipped, ${failed.length} failed\n`;
  if (failed.length > 0) yield failed.join('');
}

function describe(path, file, cause) {
  const where = file === undefined ? '' : ` (${relative(root, file)})`;
  return `\nFAILED ${path.join(' › ')}${where}\n${(typeof cause?.stack === 'string' ? cause.stack : inspect(cause)).replace(/^/gm, '    ')}\n`;
}
