// An application with a table of its own, which it keeps equal to Keycloak's users by Keycloak's events. It is killed at any time.
// What processes share is in Redis if its address is given in place of a cursor file.
import { appendFileSync } from 'node:fs';
import { createVerifier } from 'keycloak-guard';
import { createFileCursor, startEvents, type UserChange } from 'keycloak-guard/events';
import { createRedisRevocationStore, openRedis } from 'keycloak-guard/redis';
import { CLIENT } from './realm.ts';

/** What became of a token. */
export interface Answer {
  readonly id: number;
  readonly isAccepted?: boolean;
}

const [serverUrl = '', realm = '', table = '', where = ''] = process.argv.slice(2);
process.once('disconnect', () => process.exit());
const isShared = where.startsWith('redis:');
const revocationStore = isShared
  ? createRedisRevocationStore(openRedis({ url: where, onNotice: false }))
  : undefined;
const verifier = createVerifier({ serverUrl, realm, ...CLIENT, revocationStore, onNotice: false });
const news = startEvents(verifier, isShared ? {} : { cursor: createFileCursor(where) });
// The table is a file to which lines are added, each on the disk before the change counts as handled.
const write = (change: UserChange) => appendFileSync(table, `${JSON.stringify(change)}\n`, { flush: true });
news.onUser({ created: write, changed: write, disabled: write, deleted: write, rolesChanged: write });
// At once: a token that comes too early has to wait, not to be let in.
process.on('message', async ({ id, token }: { id: number; token: string }) => {
  process.send?.({ id, isAccepted: await isAccepted(token) });
});
process.send?.('started');

async function isAccepted(token: string): Promise<boolean> {
  try {
    await verifier.verify(token);
    return true;
  } catch {
    return false;
  }
}
