// A reporter of node:test for runs of a few minutes: a line for each test when it ends, and at the end how many there were.
import { inspect } from 'node:util';

const started = Number(process.env.CONTAINERS_STARTED ?? Date.now());

export default async function* progress(events) {
  const counts = { pass: 0, fail: 0, skip: 0 };
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && data.file !== undefined) yield `        ${data.message}\n`;
    if (type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { error, type: kind, duration_ms: ms } = data.details;
    if (error?.failureType === 'subtestsFailed') continue;
    if (kind === 'suite' && type === 'test:pass') continue;
    const outcome = data.skip !== undefined ? 'skip' : type === 'test:pass' ? 'pass' : 'fail';
    counts[outcome]++;
    const seconds = String(Math.round((Date.now() - started) / 1000)).padStart(4);
    yield `${seconds} s  ${outcome}  ${data.name} (${(ms / 1000).toFixed(1)} s)\n`;
    if (outcome !== 'fail') continue;
    const cause = error?.cause ?? error;
    yield `${(typeof cause?.stack === 'string' ? cause.stack : inspect(cause)).replace(/^/gm, '        ')}\n`;
  }
  yield `\n${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped\n`;
}
