import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UserChange } from 'keycloak-guard/events';
import type { LabRealm } from './realm.ts';

interface Row {
  username?: string;
  firstName?: string;
  enabled?: boolean;
}

/** What the application has written down; of changes that were told twice, the last counts. */
export function readTable(file: string): { rows: string[]; told: number; twice: number } {
  const rows = new Map<string, Row>();
  const ids = new Set<string>();
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  for (const line of lines) {
    const { id, kind, subject, details } = JSON.parse(line) as UserChange;
    ids.add(id);
    if (kind === 'deleted') rows.delete(subject);
    else rows.set(subject, { ...rows.get(subject), ...(details as Row) });
  }
  return { rows: toLines(rows), told: ids.size, twice: lines.length - ids.size };
}

/** Waits at most so long until the table is equal to Keycloak's users. */
export async function compare(
  realm: LabRealm,
  file: string,
  longestMs: number,
): Promise<{ users: number; different: number; ms: number }> {
  const begin = performance.now();
  const theirs = await readUsers(realm);
  const users = new Set(theirs);
  for (;;) {
    const { rows } = readTable(file);
    const both = rows.filter((row) => users.has(row)).length;
    const different = rows.length + users.size - 2 * both;
    const ms = performance.now() - begin;
    if (different === 0 || ms > longestMs) return { users: users.size, different, ms };
    await sleep(500);
  }
}

async function readUsers(realm: LabRealm): Promise<string[]> {
  const all = new Map<string, Row>();
  for (let first = 0; ; first += 1000) {
    const answer = await realm.call('GET', `/users?first=${first}&max=1000`);
    const page = (await answer.json()) as (Row & { id: string })[];
    for (const { id, ...user } of page) if (!user.username?.startsWith('service-account')) all.set(id, user);
    if (page.length < 1000) return toLines(all);
  }
}

const toLines = (rows: ReadonlyMap<string, Row>) =>
  [...rows].map(([id, { username, firstName, enabled }]) =>
    JSON.stringify([id, username, firstName, enabled]),
  );
