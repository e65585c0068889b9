/** As much of Keycloak's Admin API as the suite needs. */
export interface Admin {
  createRealm(realm: object): Promise<void>;
  /** Also where there is none. */
  deleteRealm(name: string): Promise<void>;
}

export async function createAdmin(url: string): Promise<Admin> {
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
  return {
    createRealm: (realm) => call('POST', '', realm),
    deleteRealm: (name) => call('DELETE', `/${name}`),
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
