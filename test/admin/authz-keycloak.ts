import { type AdminConnection, connectAdmin } from '../../packages/cli/src/admin/connection.ts';
import { type FakeKeycloak, startFakeKeycloak } from './fake-keycloak.ts';

export interface AuthzKeycloak {
  readonly keycloak: FakeKeycloak;
  readonly api: AdminConnection['api'];
  /** The realm has this client alone, without authorization services. */
  reset(clientId: string): void;
}

/** Keycloak 26.4's Admin API in memory: the realm `testing` with the role `member`, and an admin who calls it. */
export async function startAuthzKeycloak(): Promise<AuthzKeycloak> {
  const keycloak = await startFakeKeycloak({ withDefaults: true });
  await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"testing"}' });
  keycloak.realms.get('testing')?.lists.roles.push({ id: 'r-1', name: 'member' });
  const credentials = { realm: 'master', username: 'admin', password: 'admin' };
  const { api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 5000 });
  return {
    keycloak,
    api,
    reset(clientId) {
      keycloak.authz.clear();
      const clients = keycloak.realms.get('testing')?.lists.clients ?? [];
      clients.splice(0, clients.length, { id: 'c-1', clientId });
    },
  };
}
