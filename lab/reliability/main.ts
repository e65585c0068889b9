// npm run reliability -- <part> [--minutes n] [--times n] [--keep-results]
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from './machines/cluster.ts';
import type { PartOptions } from './part-options.ts';
import { kill } from './parts/kill.ts';
import { logout } from './parts/logout.ts';
import { mixed } from './parts/mixed.ts';
import { rolling } from './parts/rolling.ts';
import type { Report } from './report/document.ts';
import { writeSection } from './section.ts';

interface Part {
  readonly run: (options: PartOptions) => Promise<Report>;
  readonly option?: 'minutes' | 'times';
  readonly default?: number;
}

const PARTS: Readonly<Record<string, Part>> = {
  mixed: { run: mixed, option: 'minutes', default: 30 },
  logout: { run: logout, option: 'times', default: 200 },
  kill: { run: kill },
  rolling: { run: rolling, option: 'times', default: 3 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    times: { type: 'string' },
    'keep-results': { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
const amount = Number((part?.option && values[part.option]) ?? part?.default ?? 0);
if (part === undefined || positionals.length > 1 || !(amount >= 0)) {
  process.stderr.write(`Say which part: ${Object.keys(PARTS).join(', ')}. See lab/reliability/RESULTS.md\n`);
  process.exit(2);
}

const began = Date.now();
const log = (text: string) => {
  process.stdout.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${text}\n`);
};
let cluster: Cluster | undefined;
const end = (code: number) => void cluster?.close().finally(() => process.exit(code));
process.on('SIGINT', () => end(130));
process.on('SIGTERM', () => end(143));

cluster = await startCluster(log);
try {
  const report = await part.run({ cluster, minutes: amount, times: amount, log });
  process.stdout.write(`\n${report.text}\n\n`);
  const option = part.option === undefined ? '' : ` --${part.option} ${amount}`;
  const command = `npm run reliability -- ${name}${option}`;
  if (!values['keep-results']) writeSection(report.part, command, report.text);
  process.exitCode = report.isGood ? 0 : 1;
} finally {
  await cluster.close();
}
// Connections that are kept would hold the process.
process.exit();
