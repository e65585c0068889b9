import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../bench/statistics.ts';

/** What people saw who did nothing wrong. Unit: milliseconds. */
export interface Seen {
  readonly protectedP50: number;
  readonly protectedP99: number;
  readonly protectedCount: number;
  readonly protectedFailed: number;
  readonly loginP50: number;
  readonly loginMax: number;
  readonly logins: number;
  readonly loginsGood: number;
}

export interface GoodUserOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly seconds: number;
  /** In a second. */
  readonly protectedRate: number;
  readonly loginRate: number;
}

/**
 * Calls `/protected` and logs in at fixed rates, however long answers take: times run from when a request was due,
 * so that one that had to wait is not left out.
 */
export async function beGood(options: GoodUserOptions): Promise<Seen> {
  const { url, seconds, protectedRate, loginRate } = options;
  let address = 0;
  const login = async (): Promise<string | undefined> => {
    const { username, password } = options;
    const answer = await fetch(`${url}/login`, {
      method: 'POST',
      headers: { 'x-forwarded-for': `198.51.100.${++address % 250}` },
      body: new URLSearchParams({ username, password }),
    });
    const body = (await answer.json()) as { access_token?: string };
    return answer.status === 200 ? body.access_token : undefined;
  };
  const token = await login();
  if (token === undefined) throw new Error('a good login fails before anything happened');
  const headers = { authorization: `Bearer ${token}` };
  const use = async (): Promise<boolean> => {
    const answer = await fetch(`${url}/protected`, { headers });
    await answer.arrayBuffer();
    return answer.status === 200;
  };

  const [uses, logins] = await Promise.all([
    atRate(protectedRate, seconds, use),
    atRate(loginRate, seconds, async () => (await login()) !== undefined),
  ]);
  return {
    protectedP50: quantile(uses.times, 0.5),
    protectedP99: quantile(uses.times, 0.99),
    protectedCount: uses.times.length,
    protectedFailed: uses.failed,
    loginP50: quantile(logins.times, 0.5),
    loginMax: logins.times.at(-1) ?? Number.NaN,
    logins: logins.times.length,
    loginsGood: logins.times.length - logins.failed,
  };
}

async function atRate(rate: number, seconds: number, act: () => Promise<boolean>) {
  const times: number[] = [];
  const running: Promise<void>[] = [];
  let failed = 0;
  const begin = performance.now();
  for (let i = 0; i < rate * seconds; i++) {
    const due = begin + (i * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    running.push(
      act()
        .catch(() => false)
        .then((isGood) => {
          times.push(performance.now() - due);
          if (!isGood) failed++;
        }),
    );
  }
  await Promise.all(running);
  return { times: times.sort((a, b) => a - b), failed };
}
