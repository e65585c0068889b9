import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer } from '../processes.ts';
import { startRealm } from '../realm/realm.ts';
import { CLIENT_ID, REALM } from '../realm/tokens.ts';
import { asForm, askJson, measureCalls } from './calls.ts';

const command = 'npm run bench -- logins';
const CALLERS = 4;

/**
 * What the built service pays for a login, where the realm answers at once: by a Keycloak there are 20 in a second, too few for
 * what answers them to be compiled.
 */
export async function logins({ quick, log }: PartOptions): Promise<Figure[]> {
  const realm = await startRealm();
  const server = await startServer(here('../../packages/server/dist/main.js'), {
    ...{ KEYCLOAK_SERVER_URL: realm.serverUrl, KEYCLOAK_REALM: REALM, KEYCLOAK_CLIENT_ID: CLIENT_ID },
    ...{ KEYCLOAK_CLIENT_SECRET: 'only-for-the-benchmark', SESSION_SECRET: 'off', HOST: '127.0.0.1' },
    // They are counted all the same.
    ...{ LOGINS_PER_MINUTE_AND_ADDRESS: '1000000', LOGINS_PER_MINUTE_AND_USER: '1000000', LOG_LEVEL: 'warn' },
  });
  const url = `http://127.0.0.1:${server.port}/login`;
  try {
    const { cpuMs, perSecond } = await measureCalls({
      call: () => askJson(url, asForm({ username: 'abdullah', password: 'Test#123456' })),
      clock: async () => (await server.usage()).cpuMicroseconds / 1e6,
      ...{ callers: CALLERS, seconds: quick ? 3 : 10, warmUpSeconds: quick ? 2 : 5 },
    });
    log(`POST /login: ${perSecond.toFixed(0)} a second, ${cpuMs.toFixed(2)} ms of processor time each`);
    return [
      {
        figure: `\`POST /login\` in the service, ${CALLERS} at a time, by a realm that answers at once`,
        target: 'at most 1.2 ms',
        measured: `${cpuMs.toFixed(2)} ms of processor time each`,
        isReached: cpuMs <= 1.2,
        command,
      },
    ];
  } finally {
    await server.stop();
    await realm.close();
  }
}
