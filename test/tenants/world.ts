import { createFakeKeycloak, type FakeKeycloak, SECRET } from '../authz/fake-keycloak.ts';
import type { Given } from '../contract/adapter/adapter.ts';

export const SECRET_OF_SESSIONS = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
/** Two names of this machine, so that no name server is needed. */
export const HOSTS = { acme: '127.0.0.1', globex: 'localhost' } as const;
export type TenantName = keyof typeof HOSTS;

/** Two tenants with a realm each, whose users, sessions and ids are the same. */
export interface World {
  readonly acme: FakeKeycloak;
  readonly globex: FakeKeycloak;
  /** Names of tenants by host. Change it to move a host. */
  readonly hosts: Map<string, string>;
  /** The application's directory: settings by name. Change it, then call `later`. */
  readonly directory: Map<string, unknown>;
  /** Lets so much time pass that the directory is asked again. */
  later(): void;
  /** Calls to Keycloak by their address. */
  readonly calls: string[];
  /** Options of all tenants. */
  readonly common: Record<string, unknown>;
  /** Tenants by host, or by the issuer of the token. */
  given(by: 'host' | 'issuer', more?: Partial<Given>): Given;
}

export function createWorld(): World {
  const [acme, globex] = [createFakeKeycloak({ realm: 'acme' }), createFakeKeycloak({ realm: 'globex' })];
  const hosts = new Map<string, string>(Object.entries(HOSTS).map(([name, host]) => [host, name]));
  const directory = new Map<string, unknown>(Object.keys(HOSTS).map((realm) => [realm, { realm }]));
  const calls: string[] = [];
  const { serverUrl, clientId, clock } = acme.realm;
  const common = {
    ...{ serverUrl, clientId, clock, tokenCheck: 'local', clientSecret: SECRET, onNotice: false },
    fetch: (async (input: string | URL | Request, init?: RequestInit) => {
      const url = String(input instanceof Request ? input.url : input);
      calls.push(url);
      for (const { realm, fetch } of [acme, globex]) {
        if (url.startsWith(`${realm.serverUrl}/realms/${realm.realm}/`)) return fetch(input, init);
      }
      return new Response('{"error":"Realm does not exist"}', { status: 404 });
    }) as typeof fetch,
  };
  const byHost = ({ hostname }: { hostname: string }) => {
    const name = hosts.get(hostname);
    // What an application may do by mistake.
    if (name === 'a promise') return Promise.resolve('acme');
    if (name === 'a late error') return Promise.reject(new Error('late'));
    if (name === 'settings') return { realm: 'acme' };
    if (name === 'an error') throw new Error('of the application');
    return name;
  };
  const issuers = new Map([acme, globex].map(({ realm: { realm, issuer } }) => [issuer, realm]));
  const get = async (name: string) => directory.get(name);
  return {
    ...{ acme, globex, hosts, directory, calls, common },
    later() {
      for (const { realm } of [acme, globex]) realm.advance(61);
    },
    given: (by, more = {}) => ({
      keycloak: {
        ...common,
        tenants: by === 'host' ? { of: byHost, get } : { ofIssuer: (iss: string) => issuers.get(iss), get },
      } as never,
      ...more,
    }),
  };
}
