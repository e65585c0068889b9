import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { createProcessorClock } from '../processor-time.ts';
import { CLIENT_ID, REALM } from '../realm/tokens.ts';
import { asForm, askJson, type CallCost, measureCalls } from './calls.ts';
import { SECRET, startServiceOnKeycloak, USER } from './service-on-keycloak.ts';

const command = 'npm run bench -- keycloak';
const CALLERS = 4;

/** What Keycloak pays for a login, a refresh and a check, and what the service pays to pass the first two on. */
export async function keycloak({ quick, log }: PartOptions): Promise<Figure[]> {
  const { keycloak: running, server } = await startServiceOnKeycloak(log, {
    LOGINS_PER_MINUTE_AND_ADDRESS: '0',
    LOGINS_PER_MINUTE_AND_USER: '0',
  });
  const protocol = `${running.url}/realms/${REALM}/protocol/openid-connect`;
  const service = `http://127.0.0.1:${server.port}`;
  const credentials = { client_id: CLIENT_ID, client_secret: SECRET };
  const login = () =>
    askJson(
      `${protocol}/token`,
      asForm({ ...credentials, grant_type: 'password', scope: 'openid', ...USER }),
    );
  // Each caller has a session of its own: a refresh token is good once.
  const refreshTokens: string[] = [];
  async function refresh(caller: number, renew: (refreshToken: string) => Promise<Record<string, string>>) {
    const { refresh_token = '' } = await renew(refreshTokens[caller] ?? '');
    refreshTokens[caller] = refresh_token;
  }

  const keycloakClock = createProcessorClock({ group: running.processGroup() as number });
  const serviceClock = async () => (await server.usage()).cpuMicroseconds / 1e6;
  async function measure(
    what: string,
    call: (caller: number) => Promise<unknown>,
    clock: () => number | Promise<number> = keycloakClock,
  ): Promise<CallCost> {
    const [seconds, warmUpSeconds] = quick ? [2, 1] : [8, 4];
    const cost = await measureCalls({ call, callers: CALLERS, seconds, warmUpSeconds, clock });
    log(`${what}: ${cost.perSecond.toFixed(1)} a second, ${cost.cpuMs.toFixed(2)} ms of processor time each`);
    return cost;
  }

  try {
    for (let i = 0; i < 20; i++) await login();
    const logins = await measure('login', login);
    let token = '';
    for (let caller = 0; caller < CALLERS; caller++) {
      const tokens = await login();
      token = tokens.access_token ?? '';
      refreshTokens[caller] = tokens.refresh_token ?? '';
    }
    const refreshes = await measure('refresh', (caller) =>
      refresh(caller, (refresh_token) =>
        askJson(`${protocol}/token`, asForm({ ...credentials, grant_type: 'refresh_token', refresh_token })),
      ),
    );
    const userinfo = await measure('userinfo', () =>
      askJson(`${protocol}/userinfo`, { headers: { authorization: `Bearer ${token}` } }),
    );
    const introspection = await measure('introspection', async () => {
      const { active } = await askJson(`${protocol}/token/introspect`, asForm({ ...credentials, token }));
      if (!active) throw new Error('introspection calls the token inactive');
    });
    const loginHere = await measure(
      'POST /login, the service',
      () => askJson(`${service}/login`, asForm(USER)),
      serviceClock,
    );
    const refreshHere = await measure(
      'POST /refresh, the service',
      (caller) =>
        refresh(caller, (refresh_token) => askJson(`${service}/refresh`, asForm({ refresh_token }))),
      serviceClock,
    );

    const atKeycloak = (what: string, name: string, cost: CallCost): Figure => ({
      figure: `${what} at Keycloak ${running.version}, ${CALLERS} at a time`,
      measured: `${cost.perSecond.toFixed(cost.perSecond < 100 ? 1 : 0)} a second, ${cost.cpuMs.toFixed(1)} ms of its processor time each`,
      command,
      values: { [`${name}CpuMs`]: cost.cpuMs, [`${name}PerSecond`]: cost.perSecond },
    });
    const here = (what: string, name: string, { cpuMs }: CallCost): Figure => ({
      figure: `${what} in the service, Keycloak not counted`,
      measured: `${cpuMs.toFixed(2)} ms of processor time each`,
      command,
      values: { [`${name}CpuMs`]: cpuMs },
    });
    return [
      atKeycloak('password logins', 'login', logins),
      atKeycloak('refreshes', 'refresh', refreshes),
      atKeycloak('userinfo', 'userinfo', userinfo),
      atKeycloak('introspections', 'introspection', introspection),
      here('`POST /login`', 'serviceLogin', loginHere),
      here('`POST /refresh`', 'serviceRefresh', refreshHere),
    ];
  } finally {
    await server.stop();
    await running.close();
  }
}
