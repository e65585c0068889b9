import { randomUUID } from 'node:crypto';
import { callAdmin, type RealKeycloak } from './real-keycloak.ts';

/** A realm with organizations, and one person who is a member of some. */
export interface OrganizationRealm {
  readonly realm: string;
  readonly secret: string;
  readonly username: string;
  readonly password: string;
  addClient(clientId: string, appUrl: string): Promise<void>;
  join(alias: string): Promise<void>;
  leave(alias: string): Promise<void>;
  remove(): Promise<void>;
}

/** Lifetime of an access token. Unit: seconds. */
const ACCESS_TOKEN_SECONDS = 5;

/** @param count organizations `org-0`, `org-1`, … */
export async function createOrganizationRealm(
  keycloak: RealKeycloak,
  count: number,
  memberOf: readonly string[],
): Promise<OrganizationRealm> {
  const realm = `organizations-${randomUUID().slice(0, 8)}`;
  const [secret, password, username] = [randomUUID(), randomUUID(), 'ann'];
  const call = async (method: string, path: string, body?: unknown) =>
    callAdmin(keycloak, method, `/${realm}${path}`, body);
  await callAdmin(keycloak, 'POST', '', {
    ...{ realm, enabled: true, organizationsEnabled: true, accessTokenLifespan: ACCESS_TOKEN_SECONDS },
    users: [
      {
        ...{ username, enabled: true, email: 'ann@example.com', emailVerified: true },
        ...{ firstName: 'Ann', lastName: 'Example', credentials: [{ type: 'password', value: password }] },
      },
    ],
    organizations: Array.from({ length: count }, (_, i) => `org-${i}`).map((alias) => ({
      ...{ name: alias, alias, enabled: true, domains: [{ name: `${alias}.example` }] },
      members: memberOf.includes(alias) ? [{ username, membershipType: 'UNMANAGED' }] : [],
    })),
  });
  const find = async (path: string) => ((await (await call('GET', path)).json()) as [{ id: string }])[0].id;
  const user = await find(`/users?exact=true&username=${username}`);
  const idOf = (alias: string) => find(`/organizations?exact=true&search=${alias}`);
  return {
    ...{ realm, secret, username, password },
    async addClient(clientId, appUrl) {
      await call('POST', '/clients', { clientId, secret, redirectUris: [`${appUrl}/*`] });
    },
    join: async (alias) => void (await call('POST', `/organizations/${await idOf(alias)}/members`, user)),
    leave: async (alias) =>
      void (await call('DELETE', `/organizations/${await idOf(alias)}/members/${user}`)),
    remove: async () => void (await callAdmin(keycloak, 'DELETE', `/${realm}`)),
  };
}
