import { setTimeout as sleep } from 'node:timers/promises';
import { startKeycloak } from '../../../tools/run/keycloak/index.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer } from '../processes.ts';
import { CLIENT_ID, REALM } from '../realm/tokens.ts';
import { quantile } from '../statistics.ts';

const command = 'npm run bench -- freshness';
const PASSWORD = 'only-for-the-benchmark';
const LOGOUTS = 11;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** What happens at a real Keycloak, and when the service as shipped refuses the token: it is in use all the time. */
export async function freshness({ log }: PartOptions): Promise<Figure[]> {
  const keycloak = await startKeycloak({
    realmFile: here('../../packages/testing/testing-realm.json'),
    onProgress: log,
  });
  const realmUrl = `${keycloak.url}/realms/${REALM}`;
  const adminUrl = `${keycloak.url}/admin/realms/${REALM}`;

  async function post(url: string, form: Record<string, string>): Promise<Record<string, string>> {
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${new URL(url).pathname}: HTTP ${response.status}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
  }
  const { access_token: adminToken } = await post(
    `${keycloak.url}/realms/master/protocol/openid-connect/token`,
    {
      ...{ grant_type: 'password', client_id: 'admin-cli' },
      ...{ username: keycloak.adminUser, password: keycloak.adminPassword },
    },
  );
  async function admin(method: string, path: string, body?: object): Promise<never> {
    const response = await fetch(`${adminUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}`);
    return (text === '' ? undefined : JSON.parse(text)) as never;
  }

  const [client] = (await admin('GET', `/clients?clientId=${CLIENT_ID}`)) as [{ id: string }];
  const { value: secret } = (await admin('POST', `/clients/${client.id}/client-secret`)) as { value: string };
  const server = await startServer(here('../../packages/server/dist/main.js'), {
    ...{ KEYCLOAK_SERVER_URL: keycloak.url, KEYCLOAK_REALM: REALM, KEYCLOAK_CLIENT_ID: CLIENT_ID },
    ...{ KEYCLOAK_CLIENT_SECRET: secret, SESSION_SECRET: 'off', HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
  });
  const service = `http://127.0.0.1:${server.port}`;
  const credentials = { client_id: CLIENT_ID, client_secret: secret };

  async function untilRefused(
    name: string,
    act: (user: string, tokens: Tokens) => Promise<unknown>,
  ): Promise<number> {
    const username = `fresh-${name}`;
    await admin('POST', '/users', {
      ...{ username, enabled: true, email: `${username}@example.com`, firstName: 'A', lastName: 'User' },
      credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
    });
    const [user] = (await admin('GET', `/users?exact=true&username=${username}`)) as [{ id: string }];
    const tokens = (await post(`${realmUrl}/protocol/openid-connect/token`, {
      ...credentials,
      ...{ grant_type: 'password', scope: 'openid', username, password: PASSWORD },
    })) as unknown as Tokens;
    const status = async () => {
      const response = await fetch(`${service}/protected`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      });
      await response.arrayBuffer();
      return response.status;
    };
    if ((await status()) !== 200) throw new Error(`${name}: the token is not accepted to begin with`);
    const began = performance.now();
    await act(user.id, tokens);
    while ((await status()) !== 401 && performance.now() - began < 60_000) await sleep(5);
    const elapsed = performance.now() - began;
    log(`${name}: refused after ${elapsed.toFixed(0)} ms`);
    return elapsed;
  }

  try {
    const representation = (await admin('GET', `/clients/${client.id}`)) as { attributes?: object };
    await admin('PUT', `/clients/${client.id}`, {
      ...representation,
      attributes: {
        ...representation.attributes,
        'backchannel.logout.url': `${service}/backchannel-logout`,
        'backchannel.logout.session.required': 'true',
      },
    });
    const logouts: number[] = [];
    for (let i = 0; i < LOGOUTS; i++) {
      const elapsed = await untilRefused(`logout-${i}`, (_user, { refresh_token }) =>
        post(`${realmUrl}/protocol/openid-connect/logout`, { ...credentials, refresh_token }),
      );
      logouts.push(elapsed);
    }
    const logout = quantile(
      logouts.toSorted((one, two) => one - two),
      0.5,
    );
    const [disabled, reset, revoked] = await Promise.all([
      untilRefused('disabled', (user) => admin('PUT', `/users/${user}`, { enabled: false })),
      untilRefused('reset-password', async (user) => {
        await admin('PUT', `/users/${user}/reset-password`, {
          ...{ type: 'password', value: `${PASSWORD}-new`, temporary: false },
        });
        // Keycloak leaves the sessions alone; its admin console offers this step beside it.
        await admin('POST', `/users/${user}/logout`);
      }),
      untilRefused('revoked', (_user, { access_token }) =>
        post(`${realmUrl}/protocol/openid-connect/revoke`, { ...credentials, token: access_token }),
      ),
    ]);
    const figure = (what: string, ms: number, mostMs: number): Figure => ({
      figure: `${what}, Keycloak ${keycloak.version}: until its token is refused here`,
      target: mostMs < 1000 ? `under ${mostMs} ms` : `under ${mostMs / 1000} s`,
      measured: ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`,
      isReached: ms < mostMs,
      command,
    });
    return [
      figure(
        `logout (the call to Keycloak included, median of ${LOGOUTS}), with back-channel logout`,
        logout,
        100,
      ),
      figure('user disabled', disabled, 30_000),
      figure('password reset and signed out by an admin', reset, 30_000),
      figure('access token revoked', revoked, 30_000),
    ];
  } finally {
    await server.stop();
    await keycloak.close();
  }
}
