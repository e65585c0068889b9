// An application with a table of its own, which it keeps equal to Keycloak's users by Keycloak's events. It is killed at any time.
import { appendFileSync } from 'node:fs';
import { createVerifier } from 'keycloak-guard';
import { createFileCursor, startEvents, type UserChange } from 'keycloak-guard/events';
import { CLIENT } from './realm.ts';

const [serverUrl = '', realm = '', table = '', cursor = ''] = process.argv.slice(2);
process.once('disconnect', () => process.exit());
const verifier = createVerifier({ serverUrl, realm, ...CLIENT });
await verifier.load();
const news = startEvents(verifier, { cursor: createFileCursor(cursor) });
// The table is a file to which lines are added, each on the disk before the change counts as handled.
const write = (change: UserChange) => appendFileSync(table, `${JSON.stringify(change)}\n`, { flush: true });
news.onUser({ created: write, changed: write, disabled: write, deleted: write, rolesChanged: write });
process.send?.('started');
