import { randomUUID } from 'node:crypto';
import { callAdmin, type RealKeycloak } from '../../keycloak/support/real-keycloak.ts';
import { TESTING_REALM } from './embedded-target.ts';
import { addKeys } from './realm-keys.ts';
import { renameRealm, type Target } from './target.ts';

export function keycloakTarget(keycloak: RealKeycloak): Target {
  const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const text = await (await callAdmin(keycloak, method, path, body)).text();
    return text === '' ? undefined : JSON.parse(text);
  };
  const find = async (path: string) => {
    const [first] = (await admin('GET', path)) as { id: string }[];
    if (first === undefined) throw new Error(`nothing found: ${path}`);
    return first;
  };

  return {
    name: 'keycloak',
    async open(change) {
      const realm = renameRealm(TESTING_REALM, `contract-${randomUUID().slice(0, 8)}`);
      change?.(realm);
      // The realm that most is tried on has keys of Keycloak's own making.
      if (change !== undefined) addKeys(realm);
      const base = `/${realm.realm}`;
      await admin('POST', '', realm);
      return {
        issuer: `${keycloak.url}/realms/${realm.realm}`,
        name: realm.realm,
        // The realm stays until Keycloak ends: to remove one takes Keycloak a second, and there are a hundred.
        close: async () => {},
        async updateUser(username, fields) {
          const user = await find(`${base}/users?exact=true&username=${username}`);
          await admin('PUT', `${base}/users/${user.id}`, { ...user, ...fields });
        },
        async takeRealmRole(username, role) {
          const user = await find(`${base}/users?exact=true&username=${username}`);
          const found = await admin('GET', `${base}/roles/${role}`);
          await admin('DELETE', `${base}/users/${user.id}/role-mappings/realm`, [found]);
        },
        async leaveOrganization(username, alias) {
          const user = await find(`${base}/users?exact=true&username=${username}`);
          const all = (await admin('GET', `${base}/organizations`)) as { id: string; alias: string }[];
          const found = all.find((one) => one.alias === alias)?.id;
          await admin('DELETE', `${base}/organizations/${found}/members/${user.id}`);
        },
        async updateClient(clientId, fields) {
          const client = await find(`${base}/clients?clientId=${clientId}`);
          await admin('PUT', `${base}/clients/${client.id}`, { ...client, ...fields });
        },
        updateRealm: async (fields) => void (await admin('PUT', base, fields)),
        pass: (seconds) => new Promise((done) => setTimeout(done, seconds * 1000)),
        endSession: async (id) => void (await admin('DELETE', `${base}/sessions/${id}`)),
        async logoutUser(username) {
          const user = await find(`${base}/users?exact=true&username=${username}`);
          await admin('POST', `${base}/users/${user.id}/logout`);
        },
      };
    },
  };
}
