import { randomUUID } from 'node:crypto';
import { callAdmin, type RealKeycloak } from './real-keycloak.ts';

/** Lifetime of an access token. Unit: seconds. */
const ACCESS_TOKEN_SECONDS = 5;

/** A realm for people with a browser, whose access tokens live for seconds. */
export interface BrowserRealm {
  readonly realm: string;
  readonly secret: string;
  /** Adds the client of an app that runs, and a person of the same name who signs in there. */
  add(name: string, appUrl: string): Promise<Person>;
  remove(): Promise<void>;
}

export interface Person {
  readonly username: string;
  readonly password: string;
  /** Ends the person's sessions as an administrator does. */
  logout(): Promise<void>;
  /** How many sessions Keycloak has of the person. */
  countSessions(): Promise<number>;
  /** Takes away all realm roles, the default ones too. */
  dropRoles(): Promise<void>;
}

export async function createBrowserRealm(keycloak: RealKeycloak): Promise<BrowserRealm> {
  const realm = `browser-${randomUUID().slice(0, 8)}`;
  const secret = randomUUID();
  const call = (method: string, path: string, body?: object) =>
    callAdmin(keycloak, method, `/${realm}${path}`, body);
  await callAdmin(keycloak, 'POST', '', { realm, enabled: true, accessTokenLifespan: ACCESS_TOKEN_SECONDS });
  return {
    realm,
    secret,
    async add(name, appUrl) {
      await call('POST', '/clients', {
        clientId: name,
        secret,
        redirectUris: [`${appUrl}/*`],
        attributes: {
          'post.logout.redirect.uris': `${appUrl}/*`,
          'backchannel.logout.url': `${appUrl}/backchannel-logout`,
          'backchannel.logout.session.required': 'true',
        },
      });
      const password = randomUUID();
      await call('POST', '/users', {
        ...{ username: name, enabled: true, email: `${name}@example.com`, emailVerified: true },
        ...{ firstName: name, lastName: 'Example', credentials: [{ type: 'password', value: password }] },
      });
      const [user] = (await (await call('GET', `/users?exact=true&username=${name}`)).json()) as [
        { id: string },
      ];
      return {
        username: name,
        password,
        logout: async () => void (await call('POST', `/users/${user.id}/logout`)),
        async countSessions() {
          const sessions = await (await call('GET', `/users/${user.id}/sessions`)).json();
          return (sessions as unknown[]).length;
        },
        async dropRoles() {
          const path = `/users/${user.id}/role-mappings/realm`;
          await call('DELETE', path, await (await call('GET', path)).json());
        },
      };
    },
    remove: async () => void (await call('DELETE', '')),
  };
}
