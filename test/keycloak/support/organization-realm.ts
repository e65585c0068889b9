import { randomUUID } from 'node:crypto';
import { callAdmin, issueAdminToken, type RealKeycloak } from './real-keycloak.ts';

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
    organizations: memberOf.map((alias) => ({
      ...toOrganization(alias),
      members: [{ username, membershipType: 'UNMANAGED' }],
    })),
  });
  const others = Array.from({ length: count }, (_, i) => `org-${i}`).filter((one) => !memberOf.includes(one));
  // Some at a time, with one token: all in one call would be one transaction, which Keycloak ends after 5 minutes.
  for (let i = 0; i < others.length; i += 20) {
    const headers = {
      authorization: `Bearer ${await issueAdminToken(keycloak)}`,
      'content-type': 'application/json',
    };
    await Promise.all(
      others.slice(i, i + 20).map(async (alias) => {
        const body = JSON.stringify(toOrganization(alias));
        const made = await fetch(`${keycloak.url}/admin/realms/${realm}/organizations`, {
          ...{ method: 'POST', headers, body },
        });
        if (made.status !== 201) throw new Error(`${alias}: ${made.status} ${await made.text()}`);
      }),
    );
  }
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

const toOrganization = (alias: string) => ({
  ...{ name: alias, alias, enabled: true, domains: [{ name: `${alias}.example` }] },
});
