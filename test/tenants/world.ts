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
  /** Names of realms by host. Change it to remove a tenant, or to move a host. */
  readonly realms: Map<string, string>;
  /** Calls to Keycloak by their address. */
  readonly calls: string[];
  /** Options of all tenants. */
  readonly common: Record<string, unknown>;
  /** Tenants by host, or by the issuer of the token. */
  given(by: 'host' | 'issuer', more?: Partial<Given>): Given;
}

export function createWorld(): World {
  const [acme, globex] = [createFakeKeycloak({ realm: 'acme' }), createFakeKeycloak({ realm: 'globex' })];
  const realms = new Map<string, string>(Object.entries(HOSTS).map(([name, host]) => [host, name]));
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
    const realm = realms.get(hostname);
    // What an application does that names two realms alike.
    if (realm === 'globex as acme') return { realm: 'globex', tenant: 'acme' };
    if (realm === 'a promise') return Promise.resolve({ realm: 'acme' });
    if (realm === 'a late error') return Promise.reject(new Error('late'));
    if (realm === 'a string') return 'acme';
    if (realm === 'an error') throw new Error('of the application');
    return realm === undefined ? undefined : { realm };
  };
  const issuers = [acme, globex].map(({ realm: { realm, issuer } }) => ({ realm, issuer }));
  return {
    ...{ acme, globex, realms, calls, common },
    given: (by, more = {}) => ({
      keycloak: { ...common, tenants: by === 'host' ? byHost : { issuers } } as never,
      ...more,
    }),
  };
}
