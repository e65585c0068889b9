// Users are changed and disabled all the time while the process that reads the events, Redis and Keycloak are killed:
//   npx tsx --conditions=@keycloak-guard/source lab/reliability/events/faults.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../test/support/free-port.ts';
import { type RunningKeycloak, startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { quantile } from '../../bench/statistics.ts';
import { createRedis, type Redis } from '../machines/redis.ts';
import { toTable } from '../report/document.ts';
import { writeSection } from '../section.ts';
import { type Application, createApplication } from './application-process.ts';
import { changeUsers } from './changing.ts';
import { countLetIn, type Probe, startProbes } from './probes.ts';
import { createLabRealm } from './realm.ts';
import { compare } from './table.ts';

const COMMAND = 'npx tsx --conditions=@keycloak-guard/source lab/reliability/events/faults.ts';
const LANES = 4;
/** Between two changes of a lane. Unit: milliseconds. */
const PAUSE_MS = 200;
const HEAD = [
  ...['killed', 'away for', 'changes', 'users', 'rows that differ', 'equal after'],
  ...['users disabled', 'refused everywhere after: median', 'longest', 'let in'],
];

/** What was seen before, during and after a fault. Unit: milliseconds. */
interface Row {
  readonly name: string;
  readonly awayMs: number;
  readonly changes: number;
  readonly users: number;
  readonly different: number;
  readonly equalMs: number;
  readonly letIn: number;
  readonly times: readonly number[];
}

interface Parts {
  readonly keycloak: RunningKeycloak;
  readonly redis: Redis;
  readonly applications: readonly Application[];
}

interface Fault {
  readonly name: string;
  readonly awayMs: number;
  /** @returns what starts it again */
  kill(parts: Parts): Promise<() => Promise<void>>;
}

const FAULTS: readonly Fault[] = [
  { name: 'nothing', awayMs: 10_000, kill: async () => async () => {} },
  {
    name: 'a process',
    awayMs: 10_000,
    async kill({ applications: [one] }) {
      await one?.kill();
      return async () => one?.start();
    },
  },
  {
    name: 'Redis',
    awayMs: 20_000,
    async kill({ redis }) {
      await redis.crash();
      return redis.start;
    },
  },
  {
    name: 'Keycloak',
    awayMs: 1_000,
    async kill({ keycloak }) {
      await keycloak.crash();
      return keycloak.restart;
    },
  },
];

const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-events-'));
const table = join(folder, 'table');
const log = (text: string) => console.log(`${Math.round(performance.now() / 1000)} s  ${text}`);
const keycloak = await startKeycloak({
  onProgress: log,
  timeoutMs: 600_000,
  // The database of a quick start writes twice a second; one for production writes before it says so.
  env: { KC_DB_URL_PROPERTIES: ';WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE' },
});
const redis = createRedis(await freePort(), folder);
const realm = await createLabRealm(keycloak.url, 'lab-events');
const applications = Array.from({ length: 2 }, () =>
  createApplication([keycloak.url, realm.name, table, redis.url]),
);
const parts: Parts = { keycloak, redis, applications };
try {
  await redis.start();
  await Promise.all(applications.map((one) => one.start()));
  await sleep(10_000);
  const rows: Row[] = [];
  const refused: Probe[] = [];
  for (const fault of FAULTS) {
    rows.push(await apply(fault, refused));
    log(toCells(rows.at(-1) as Row).join(' | '));
  }
  const text = `Two processes of an application with Redis; users are changed, and others signed in and disabled, all the time. "Equal": the table that the application keeps of what it is told, and Keycloak's users. "Let in": tokens of the users who
had been disabled, ${refused.length} in the end, asked about at once when what was killed is back, and at the end.

${toTable(HEAD, rows.map(toCells))}`;
  console.log(text);
  const isGood = rows.every(({ different, letIn }) => different + letIn === 0);
  if (isGood) writeSection('events', COMMAND, text);
  process.exitCode = isGood ? 0 : 1;
} finally {
  await Promise.all(applications.map((one) => one.kill()));
  await redis.crash();
  await keycloak.close();
  rmSync(folder, { recursive: true });
}

/** @param refused tokens of users who were disabled before, to which those of this time are added */
async function apply(fault: Fault, refused: Probe[]): Promise<Row> {
  let isOver = false;
  const pause = () => sleep(PAUSE_MS);
  const slow = { ...realm, call: slowly(pause) };
  const changing = Array.from({ length: LANES }, () => changeUsers(slow, () => isOver, pause));
  const probing = startProbes(realm, applications);
  await sleep(8_000);
  const begin = performance.now();
  const start = await fault.kill(parts);
  await sleep(fault.awayMs);
  await start();
  const awayMs = performance.now() - begin;
  const early = await countLetIn(refused, applications);
  await sleep(20_000);
  isOver = true;
  const changes = (await Promise.all(changing)).reduce((sum, one) => sum + one, 0);
  const probes = await probing.stop();
  refused.push(...probes);
  const { users, different, ms: equalMs } = await compare(realm, table, 120_000);
  const letIn = early + (await countLetIn(refused, applications));
  const times = probes.map(({ ms }) => ms).sort((a, b) => a - b);
  return { ...{ name: fault.name, awayMs, changes, users, different, equalMs, letIn, times } };
}

function slowly(pause: () => Promise<unknown>) {
  return async (method: string, path: string, body?: unknown) => {
    await pause();
    return realm.call(method, path, body);
  };
}

function toCells({ name, awayMs, changes, users, different, equalMs, letIn, times }: Row) {
  const [median, longest] = [quantile(times, 0.5), quantile(times, 1)];
  return [
    ...[name, seconds(awayMs), changes, users, different, seconds(equalMs)],
    ...[times.length, seconds(median), seconds(longest), letIn],
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
