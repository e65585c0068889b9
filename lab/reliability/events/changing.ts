import { randomUUID } from 'node:crypto';
import type { LabRealm } from './realm.ts';

/**
 * Makes, changes, disables and deletes users, one after the other, as an administrator does.
 *
 * @param isOver asked before each change, with the number of those before
 * @param onFailure Keycloak did not answer. Default: throws
 * @returns how many changes Keycloak has confirmed
 */
export async function changeUsers(
  realm: LabRealm,
  isOver: (changes: number) => boolean,
  onFailure?: () => Promise<unknown>,
): Promise<number> {
  const users: string[] = [];
  let changes = 0;
  while (!isOver(changes)) {
    try {
      await changeOne(realm, users, changes);
      changes++;
    } catch (error) {
      if (onFailure === undefined) throw error;
      await onFailure();
    }
  }
  return changes;
}

async function changeOne(realm: LabRealm, users: string[], count: number): Promise<void> {
  const id = users[Math.floor(Math.random() * users.length)];
  const kind = Math.random();
  if (id === undefined || kind < 0.15) users.push(await realm.createUser(`user-${randomUUID()}`));
  else if (kind < 0.25) {
    users.splice(users.indexOf(id), 1);
    await realm.call('DELETE', `/users/${id}`);
  } else if (kind < 0.5) await realm.call('PUT', `/users/${id}`, { enabled: kind < 0.37 });
  else await realm.call('PUT', `/users/${id}`, { firstName: `name ${count}` });
}
