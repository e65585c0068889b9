import { setTimeout } from 'node:timers/promises';

/** As much of Keycloak's Admin API as the suite needs. */
export interface Admin {
  createRealm(realm: object): Promise<void>;
  /** Also where there is none. Keycloak answers 500 now and then, while it still works on the realm: some tries. */
  deleteRealm(name: string): Promise<void>;
}

const TRIES = 5;

export async function createAdmin(url: string, { pauseMs = 2_000 } = {}): Promise<Admin> {
  const call = async (method: string, path: string, body?: object): Promise<void> => {
    // Anew each time: it is good for a minute, and the tests take longer.
    const token = await login(url);
    const response = await fetch(`${url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.ok || (method === 'DELETE' && response.status === 404)) return;
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  };
  const deleteRealm = async (name: string, triesLeft = TRIES): Promise<void> => {
    try {
      await call('DELETE', `/${name}`);
    } catch (error) {
      if (triesLeft <= 1) throw error;
      await setTimeout(pauseMs);
      await deleteRealm(name, triesLeft - 1);
    }
  };
  return {
    createRealm: (realm) => call('POST', '', realm),
    deleteRealm: (name) => deleteRealm(name),
  };
}

async function login(url: string): Promise<string> {
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: process.env.KEYCLOAK_ADMIN ?? 'admin',
      password: process.env.KEYCLOAK_ADMIN_PASSWORD ?? 'admin',
    }),
  });
  if (!response.ok) throw new Error(`The admin cannot log in: HTTP ${response.status}`);
  return ((await response.json()) as { access_token: string }).access_token;
}
