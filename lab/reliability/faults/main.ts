// Lets every fault happen and writes what was seen into lab/reliability/RESULTS.md: npm run reliability:faults
import type { TestContext } from 'node:test';
import { KEYCLOAK_FAULTS, type KeycloakFault } from '../../../test/faults/keycloak-faults.ts';
import { type Observation, observeKeycloakFaults } from '../../../test/faults/measure-keycloak.ts';
import { observeRedisFault, REDIS_FAULTS } from '../../../test/redis/measure-faults.ts';
import { inventHostNames } from '../../../test/support/host-names.ts';
import { redisProgram } from '../../../test/support/redis-server.ts';
import { writeSection } from '../section.ts';

const COMMAND = 'npm run reliability:faults';
/** So many at a time: the times are those of a service that has a processor for itself. */
const BATCH = 4;

const log = (text: string) => process.stdout.write(`${text}\n`);
const duration = (ms: number): string => (ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const cell = ({ status, ms }: { status: number; ms: number }): string => `${status}, ${duration(ms)}`;
const then = (first: string, later: string): string => `${first}; later ${later}`;
const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

async function keycloak(): Promise<void> {
  const names = inventHostNames();
  const rows: string[][] = [];
  for (let i = 0; i < KEYCLOAK_FAULTS.length; i += BATCH) {
    const batch = KEYCLOAK_FAULTS.slice(i, i + BATCH);
    // As it is set where nothing is set.
    const observed = await observeKeycloakFaults(batch, names, { KEYCLOAK_TIMEOUT_MS: '5000' });
    for (const [fault, seen] of observed) {
      rows.push(toRow(fault, seen));
      log(rows.at(-1)?.join(' | ') ?? '');
    }
  }
  names.end();
  const head = [
    'Keycloak …',
    '`/login`',
    '`/refresh`',
    '`/logout`',
    'token, fresh',
    'token, due for a recheck',
  ];
  head.push('token never seen', 'token of a new key', '`/health/ready`', 'heals: login', 'new key');
  const note =
    'Answer and time to answer, `KEYCLOAK_TIMEOUT_MS=5000`. "Later": the next request, when the fault is known. Heals: from the end of the fault to a login that succeeds, and to a token of a key that came during the fault.';
  writeSection('keycloak-faults', COMMAND, `${note}\n\n${table(head, rows)}`);
}

function toRow({ name }: KeycloakFault, seen: Observation): string[] {
  return [
    name,
    then(cell(seen.login), cell(seen.loginLater)),
    cell(seen.refresh),
    cell(seen.logout),
    cell(seen.known),
    then(cell(seen.stale), cell(seen.staleLater)),
    cell(seen.newToken),
    cell(seen.newKey),
    `${seen.ready.status}${seen.keycloakOk ? '' : ', says that Keycloak does not answer'}`,
    duration(seen.loginHealsMs),
    duration(seen.newKeyHealsMs),
  ];
}

async function redis(): Promise<void> {
  if (redisProgram === undefined) {
    log('no redis-server: its faults are left out');
    return;
  }
  const rows: string[][] = [];
  for (const fault of REDIS_FAULTS) {
    const closing: (() => unknown)[] = [];
    const context = { after: (close: () => unknown) => closing.push(close) } as unknown as TestContext;
    const seen = await observeRedisFault(context, fault);
    for (const close of closing.reverse()) await close();
    rows.push([
      fault.name,
      cell(seen.bearer),
      cell(seen.login),
      cell(seen.knownCookie),
      then(cell(seen.newCookie), cell(seen.newCookieLater)),
      `${cell(seen.logout)}; that token here ${seen.afterLogout.status}`,
      String(seen.ready.status),
      duration(seen.cookieHealsMs),
      duration(seen.logoutHealsMs),
      duration(seen.toldMs),
    ]);
    log(rows.at(-1)?.join(' | ') ?? '');
  }
  const head = [
    'Redis …',
    'bearer token',
    '`/login`',
    'cookie used just before',
    'cookie of another replica',
  ];
  head.push('`/logout`', '`/health/ready`', 'heals: cookie', 'logout', 'others know of the logout');
  writeSection('redis-faults', COMMAND, table(head, rows));
}

await keycloak();
await redis();
process.exit();
