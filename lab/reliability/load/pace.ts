import { quantile } from '../../bench/statistics.ts';
import type { Cluster } from '../machines/cluster.ts';
import { PASSWORD, USERS } from '../machines/realm.ts';
import { send } from './http.ts';

/** Share of one core that password checks may take: the rest of two cores is for everything else. */
const SHARE = 0.35;
const LOGINS_PER_SECOND = 3;
const AT_LEAST = 30;
const AT_MOST = 150;

/**
 * Logs in, one after the other, until Keycloak is as quick as it gets, and says how much of the full load the machine
 * can bear. 1: all of it. A machine with other work to do gets less: a Keycloak that is asked for more passwords than
 * it can check answers nobody, and shows nothing.
 */
export async function measurePace({ replicas }: Cluster, log: (text: string) => void): Promise<number> {
  const times: number[] = [];
  const median = (ms: readonly number[]) =>
    quantile(
      ms.toSorted((a, b) => a - b),
      0.5,
    );
  for (let i = 0; i < AT_MOST; i++) {
    const url = replicas[i % replicas.length]!.url;
    const form = { username: USERS[i % USERS.length] as string, password: PASSWORD };
    const { ms } = await send(`${url}/login`, { form });
    times.push(ms);
    const isAsQuickAsBefore = median(times.slice(-10)) > median(times.slice(-20, -10)) * 0.9;
    if (i >= AT_LEAST && isAsQuickAsBefore) break;
  }
  const loginMs = median(times.slice(-10));
  const pace = Math.min(1, (SHARE * 1000) / (LOGINS_PER_SECOND * loginMs));
  log(`a login takes ${loginMs.toFixed(0)} ms: ${(pace * LOGINS_PER_SECOND).toFixed(1)} of them in a second`);
  return pace;
}
