import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TESTING = fileURLToPath(new URL('../../../packages/testing/testing-realm.json', import.meta.url));
export const REALM = 'testing';
export const CLIENT = { id: 'fastapi-keycloak', secret: 'for-development-only' };
/** Of every user of the load. */
export const PASSWORD = 'Test#123456';
export const USERS: readonly string[] = Array.from({ length: 40 }, (_, i) => `load-${i}`);

interface RealmFile {
  clients: { clientId: string; redirectUris: string[]; attributes: Record<string, string> }[];
  users: object[];
}

/** The testing realm with users for the load, and with the address of the proxy. */
export function writeRealmFile(file: string, publicUrl: string): void {
  const realm = JSON.parse(readFileSync(TESTING, 'utf8')) as RealmFile;
  const client = realm.clients.find(({ clientId }) => clientId === CLIENT.id);
  if (client === undefined) throw new Error(`${TESTING} has no client ${CLIENT.id}`);
  client.redirectUris = [`${publicUrl}/*`];
  client.attributes = {
    ...client.attributes,
    'post.logout.redirect.uris': '+',
    'backchannel.logout.url': `${publicUrl}/backchannel-logout`,
  };
  for (const username of USERS) {
    realm.users.push({
      ...{ username, enabled: true, email: `${username}@example.com`, emailVerified: true },
      ...{ firstName: 'Load', lastName: username, realmRoles: ['default-roles-testing', 'user'] },
      credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
    });
  }
  writeFileSync(file, JSON.stringify(realm));
}
