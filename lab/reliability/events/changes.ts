// Changes of users while the application that hears of them is killed again and again: is its table equal to Keycloak's users?
//   npx tsx --conditions=@keycloak-guard/source lab/reliability/events/changes.ts --url http://127.0.0.1:8080
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { UserChange } from 'keycloak-guard/events';
import { createLabRealm } from './realm.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    realm: { type: 'string', default: 'lab-events' },
    changes: { type: 'string', default: '10000' },
    lanes: { type: 'string', default: '4' },
  },
});
const count = Number(values.changes);
const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-events-'));
const [table, cursor] = [join(folder, 'table'), join(folder, 'cursor.json')];
const realm = await createLabRealm(values.url, values.realm);
const PROGRAM = fileURLToPath(new URL('application.ts', import.meta.url));

interface Row {
  username?: string;
  firstName?: string;
  enabled?: boolean;
}

let kills = 0;
let isOver = false;

async function start(): Promise<ChildProcess> {
  const child = fork(PROGRAM, [values.url, values.realm, table, cursor], {
    execArgv: ['--conditions=@keycloak-guard/source', ...process.execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function killAgainAndAgain(first: ChildProcess): Promise<ChildProcess> {
  let child = first;
  while (!isOver) {
    await sleep(500 + Math.random() * 4_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    kills++;
    child = await start();
  }
  return child;
}

/** One after the other, as an administrator does. */
async function change(lane: number, lanes: number): Promise<void> {
  const users: string[] = [];
  for (let i = lane; i < count; i += lanes) {
    const id = users[Math.floor(Math.random() * users.length)];
    const kind = Math.random();
    if (id === undefined || kind < 0.15) {
      const user = {
        username: `user-${i}`,
        email: `u${i}@example.com`,
        firstName: 'A',
        lastName: 'B',
        enabled: true,
      };
      const made = await realm.call('POST', '/users', user);
      users.push(made.headers.get('location')?.split('/').at(-1) ?? '');
    } else if (kind < 0.25) {
      await realm.call('DELETE', `/users/${id}`);
      users.splice(users.indexOf(id), 1);
    } else if (kind < 0.5) await realm.call('PUT', `/users/${id}`, { enabled: kind < 0.37 });
    else await realm.call('PUT', `/users/${id}`, { firstName: `name ${i}` });
  }
}

/** What the application has written down; of changes that were told twice, the last counts. */
function readTable(): { rows: Map<string, Row>; told: number; twice: number } {
  const rows = new Map<string, Row>();
  const ids = new Set<string>();
  const lines = existsSync(table) ? readFileSync(table, 'utf8').split('\n').filter(Boolean) : [];
  for (const line of lines) {
    const { id, kind, subject, details } = JSON.parse(line) as UserChange;
    ids.add(id);
    if (kind === 'deleted') rows.delete(subject);
    else rows.set(subject, { ...rows.get(subject), ...(details as Row) });
  }
  return { rows, told: ids.size, twice: lines.length - ids.size };
}

async function readUsers(): Promise<Map<string, Row>> {
  const all = new Map<string, Row>();
  for (let first = 0; ; first += 1000) {
    const answer = await realm.call('GET', `/users?first=${first}&max=1000`);
    const page = (await answer.json()) as (Row & { id: string })[];
    for (const { id, ...user } of page) if (!user.username?.startsWith('service-account')) all.set(id, user);
    if (page.length < 1000) return all;
  }
}

const shown = (rows: Map<string, Row>) =>
  [...rows]
    .map(([id, { username, firstName, enabled }]) => JSON.stringify([id, username, firstName, enabled]))
    .sort();

try {
  const first = await start();
  while (!existsSync(cursor)) await sleep(100);
  const lanes = Number(values.lanes);
  const begin = performance.now();
  const killing = killAgainAndAgain(first);
  await Promise.all(Array.from({ length: lanes }, (_, lane) => change(lane, lanes)));
  const changedMs = performance.now() - begin;
  isOver = true;
  const last = await killing;
  const end = performance.now();
  while (readTable().told < count && performance.now() - end < 300_000) await sleep(500);
  const { rows, told, twice } = readTable();
  const [ours, theirs] = [shown(rows), shown(await readUsers())];
  const different =
    ours.filter((row) => !theirs.includes(row)).length + theirs.filter((row) => !ours.includes(row)).length;
  console.log(
    `${count} changes in ${(changedMs / 1000).toFixed(0)} s, killed ${kills} times: ${told} told, ${twice} of them twice; caught up after ${((performance.now() - end) / 1000).toFixed(1)} s; ${theirs.length} users in Keycloak, ${different} rows differ`,
  );
  last.kill();
  if (told !== count || different > 0) process.exitCode = 1;
} finally {
  await realm.remove();
  rmSync(folder, { recursive: true });
}
