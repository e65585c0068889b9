// Changes of users while the application that hears of them is killed again and again: is its table equal to Keycloak's users?
//   npx tsx --conditions=@keycloak-guard/source lab/reliability/events/changes.ts --url http://127.0.0.1:8080
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createApplication } from './application-process.ts';
import { changeUsers } from './changing.ts';
import { createLabRealm } from './realm.ts';
import { compare, readTable } from './table.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    realm: { type: 'string', default: 'lab-events' },
    changes: { type: 'string', default: '10000' },
    lanes: { type: 'string', default: '4' },
  },
});
const [count, lanes] = [Number(values.changes), Number(values.lanes)];
const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-events-'));
const [table, cursor] = [join(folder, 'table'), join(folder, 'cursor.json')];
const realm = await createLabRealm(values.url, values.realm);
const application = createApplication([values.url, values.realm, table, cursor]);
let kills = 0;
let isOver = false;

async function killAgainAndAgain(): Promise<void> {
  while (!isOver) {
    await sleep(500 + Math.random() * 4_000);
    await application.kill();
    kills++;
    await application.start();
  }
}

try {
  await application.start();
  while (!existsSync(cursor)) await sleep(100);
  const begin = performance.now();
  const killing = killAgainAndAgain();
  const perLane = (lane: number) => Math.floor((count + lane) / lanes);
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) => changeUsers(realm, (done) => done === perLane(lane))),
  );
  const changedMs = performance.now() - begin;
  isOver = true;
  await killing;
  const end = performance.now();
  const { users, different } = await compare(realm, table, 300_000);
  while (readTable(table).told < count && performance.now() - end < 300_000) await sleep(500);
  const { told, twice } = readTable(table);
  console.log(
    `${count} changes in ${(changedMs / 1000).toFixed(0)} s, killed ${kills} times: ${told} told, ${twice} of them twice; caught up after ${((performance.now() - end) / 1000).toFixed(1)} s; ${users} users in Keycloak, ${different} rows differ`,
  );
  if (told !== count || different > 0) process.exitCode = 1;
} finally {
  await application.kill();
  await realm.remove();
  rmSync(folder, { recursive: true });
}
