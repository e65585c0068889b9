import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here, type NodeProcess, startServer } from '../processes.ts';
import { CLIENT_ID, REALM } from '../realm/tokens.ts';
import { quantile } from '../statistics.ts';
import { asForm, askJson, measureCalls } from './calls.ts';

const command = 'npm run bench -- provider';
const STARTS = 9;
const CALLERS = 4;
const REALM_FILE = here('../../packages/testing/testing-realm.json');

/** The embedded provider: how soon it is there for a test, and what a login at it costs. */
export async function provider({ quick, log }: PartOptions): Promise<Figure[]> {
  const times: { processMs: number; startMs: number }[] = [];
  for (let i = 0; i < STARTS; i++) {
    await withProvider(async (server) => {
      times.push((await server.send('times')) as (typeof times)[number]);
    });
  }
  const median = (read: (time: (typeof times)[number]) => number) =>
    quantile(
      times.map(read).sort((a, b) => a - b),
      0.5,
    );
  const [startMs, processMs] = [median((time) => time.startMs), median((time) => time.processMs)];
  log(`provider: startDevIdp ${startMs.toFixed(0)} ms, with its process ${processMs.toFixed(0)} ms`);

  const logins = await withProvider((server) => {
    const url = `http://127.0.0.1:${server.port}/realms/${REALM}/protocol/openid-connect/token`;
    const form = {
      ...{ grant_type: 'password', client_id: CLIENT_ID, client_secret: 'for-development-only' },
      ...{ scope: 'openid', username: 'abdullah', password: 'Test#123456' },
    };
    return measureCalls({
      call: () => askJson(url, asForm(form)),
      callers: CALLERS,
      seconds: quick ? 1 : 4,
      warmUpSeconds: 1,
      clock: async () => (await server.usage()).cpuMicroseconds / 1e6,
    });
  });
  return [
    {
      figure: `start of the embedded provider (\`startDevIdp\`) to its first answer, median of ${STARTS}`,
      measured: `${startMs.toFixed(0)} ms; ${processMs.toFixed(0)} ms from the start of its process`,
      command,
      values: { providerStartMs: startMs },
    },
    {
      figure: `password logins at the embedded provider, ${CALLERS} at a time`,
      measured: `${logins.perSecond.toFixed(0)} a second, ${logins.cpuMs.toFixed(2)} ms of its processor time each`,
      command,
      values: { providerLoginCpuMs: logins.cpuMs, providerLoginPerSecond: logins.perSecond },
    },
  ];
}

async function withProvider<T>(use: (server: NodeProcess) => Promise<T>): Promise<T> {
  const server = await startServer(here('servers/provider.mjs'), { REALM_FILE });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
