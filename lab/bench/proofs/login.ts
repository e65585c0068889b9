import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { CLIENT_ID, REALM } from '../realm/tokens.ts';
import { quantile } from '../statistics.ts';
import { SECRET, startServiceOnKeycloak, USER } from './service-on-keycloak.ts';

const LOGINS = 50;

/** What `POST /login` costs more than the token endpoint of a real Keycloak, called directly, one after the other. */
export async function login({ log }: PartOptions): Promise<Figure[]> {
  const { keycloak, server } = await startServiceOnKeycloak(log);
  async function time(url: string, form: Record<string, string>): Promise<number> {
    const began = performance.now();
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${new URL(url).pathname}: HTTP ${response.status}`);
    return performance.now() - began;
  }
  const direct = () =>
    time(`${keycloak.url}/realms/${REALM}/protocol/openid-connect/token`, {
      ...{ grant_type: 'password', client_id: CLIENT_ID, client_secret: SECRET, scope: 'openid' },
      ...USER,
    });
  const ours = () => time(`http://127.0.0.1:${server.port}/login`, USER);

  try {
    for (let i = 0; i < 20; i++) await direct();
    for (let i = 0; i < 5; i++) await ours();
    const times: [number, number][] = [];
    for (let i = 0; i < LOGINS; i++) times.push([await ours(), await direct()]);
    const [a, b] = [0, 1].map((i) =>
      quantile(
        times.map((pair) => pair[i]!),
        0.5,
      ),
    ) as [number, number];
    log(`login: ${a.toFixed(1)} ms, the token endpoint directly: ${b.toFixed(1)} ms`);
    return [
      {
        figure: `POST /login − the token endpoint of Keycloak ${keycloak.version} directly, medians of ${LOGINS} in turn`,
        target: 'at most 3 ms',
        measured: `${(a - b).toFixed(1)} ms (${a.toFixed(1)} − ${b.toFixed(1)})`,
        isReached: a - b <= 3,
        command: 'npm run bench -- login',
      },
    ];
  } finally {
    await server.stop();
    await keycloak.close();
  }
}
