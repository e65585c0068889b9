// What requests of anybody cost each adapter and the service, and what they leave. Ends by itself.
//
//   npm run reliability:shapes                    everything, into lab/reliability/RESULTS.md
//   --only fastify --shape cookies                a part of it, which is only printed
//   --requests 10000                              of each shape, for what is kept; all apps but three get a tenth of it
import { parseArgs } from 'node:util';
import { SUBJECTS } from '../../../test/cost/apps.ts';
import { type Cost, measureCost, memoryInUse, ratioOf, startSender } from '../../../test/cost/measure.ts';
import { writeSection } from '../section.ts';

interface Row extends Cost {
  readonly app: string;
  readonly title: string;
  /** Unit: bytes. */
  readonly kept: number;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    shape: { type: 'string', default: '' },
    requests: { type: 'string', default: '10000' },
  },
});
/** What is kept is kept by the same code below every adapter, so it is looked for longest in these. */
const LONGEST = ['node', 'express 5, tenants by issuer', 'the service'];
const MIB = 1024 * 1024;
const log = (text: string) => process.stdout.write(`${text}\n`);

const subjects = SUBJECTS.filter(({ name }) => name.includes(values.only));
// Everything is loaded before anything is measured.
for (const { start } of subjects) await (await start()).close();

const rows: Row[] = [];
const sender = startSender();
for (const { name: app, start } of subjects) {
  const { shapes, close, ...running } = await start();
  const requests = Number(values.requests) / (LONGEST.includes(app) ? 1 : 10);
  log(`\n${app}, ${requests} of each shape`);
  for (const { name: title, sent } of shapes.filter(({ name }) => name.includes(values.shape))) {
    const cost = await measureCost(sender, running, sent, { rounds: 3, count: 25 });
    const before = memoryInUse();
    await sender.send(running.url, sent, requests);
    const row = { ...cost, app, title, kept: Math.max(0, memoryInUse() - before) };
    rows.push(row);
    log(
      `${times(row)} ${Math.round(row.shape)} µs ${mib(row.kept)}  ${title} ${JSON.stringify(cost.statuses)}`,
    );
  }
  await close();
}
sender.close();

function times(row: Row): string {
  return `${ratioOf(row).toFixed(1)} ×`;
}
function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
function by(key: (row: Row) => string): [string, Row[]][] {
  const names = [...new Set(rows.map(key))];
  return names.map((name) => [name, rows.filter((row) => key(row) === name)]);
}
const worst = (some: readonly Row[], of: (row: Row) => number) =>
  some.reduce((most, row) => (of(row) > of(most) ? row : most));

/** A line for the rows of one app, or of one kind of shapes. */
function toLine([name, some]: [string, Row[]], whereOf: (row: Row) => string): string {
  const [dear, kept] = [worst(some, ratioOf), worst(some, (row) => row.kept)];
  const median = some.map(ratioOf).toSorted((a, b) => a - b)[some.length >> 1] as number;
  const plain = some.map((row) => row.plain).toSorted((a, b) => a - b)[some.length >> 1] as number;
  return `| ${name} | ${some.length} | ${Math.round(plain)} µs | ${median.toFixed(1)} × | ${times(dear)} | ${whereOf(dear)} | ${mib(kept.kept)} |`;
}

const text = [
  `${new Set(rows.map((row) => row.title)).size} shapes of about 15 KB: processor time of the process for one, divided by that of a plain request of the same length at the same route (or by what the framework without this library takes for that shape, if that is more). "Kept": more heap after ${Number(values.requests).toLocaleString('en-US')} of one shape (in adapters other than \`node:http\`, a tenth of them), each a little different from the others.`,
  '',
  '| application | shapes | plain | median | worst | shape | kept at most |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...by((row) => row.app).map((one) => toLine(one, (row) => row.title)),
  '',
  '| shapes | requests to | plain | median | worst | application | kept at most |',
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...by((row) => row.title.split(':')[0] as string).map((one) => toLine(one, (row) => row.app)),
].join('\n');
log(`\n${text}`);
if (values.only === '' && values.shape === '')
  writeSection('shapes', `npm run reliability:shapes -- --requests ${values.requests}`, text);
process.exit();
