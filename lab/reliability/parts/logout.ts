import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../bench/statistics.ts';
import { send } from '../load/http.ts';
import { measurePace } from '../load/pace.ts';
import { CLIENT, PASSWORD, REALM, USERS } from '../machines/realm.ts';
import type { PartOptions } from '../part-options.ts';
import { type Report, toTable } from '../report/document.ts';

const TARGET_MS = 100;
const GIVE_UP_MS = 60_000;

interface Measured {
  readonly way: string;
  /** From sending the logout: what Keycloak takes for it is part of it. Unit: milliseconds. */
  readonly fromSending: number;
  /** From the answer to the logout. 0: every replica refused before that. */
  readonly fromAnswer: number;
}

type Way = (at: string, refreshToken: string, keycloakUrl: string) => Promise<number>;

const WAYS: Readonly<Record<string, Way>> = {
  '`POST /logout` at one replica': async (at, refresh_token) =>
    (await send(`${at}/logout`, { form: { refresh_token } })).status,
  'logout at Keycloak, which tells one replica': async (_at, refresh_token, keycloakUrl) =>
    (
      await send(`${keycloakUrl}/realms/${REALM}/protocol/openid-connect/logout`, {
        form: { client_id: CLIENT.id, client_secret: CLIENT.secret, refresh_token },
      })
    ).status,
};

/** From a logout to 401 at every replica. Each is asked directly, again and again. */
export async function logout({ cluster, times, log }: PartOptions): Promise<Report> {
  const { replicas, keycloak } = cluster;
  await measurePace(cluster, log);
  const measured: Measured[] = [];
  for (let i = 0; i < times; i++) {
    const [way, end] = Object.entries(WAYS)[i % 2] as [string, Way];
    const at = replicas[i % replicas.length]!.url;
    const username = USERS[i % USERS.length] as string;
    const answer = await send(`${at}/login`, { form: { username, password: PASSWORD } });
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.detail}`);
    const tokens = JSON.parse(answer.body) as { access_token: string; refresh_token: string };
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    for (const { url, name } of replicas) {
      const { status } = await send(`${url}/protected`, { headers });
      if (status !== 200) throw new Error(`${name} does not take a good token: ${status}`);
    }
    const sentAt = performance.now();
    let answeredAt = Number.POSITIVE_INFINITY;
    const refused = replicas.map(async ({ url, name }) => {
      for (;;) {
        const { status } = await send(`${url}/protected`, { headers });
        const now = performance.now();
        if (status === 401) return now;
        if (status !== 200) throw new Error(`${name} answered ${status}`);
        if (now - sentAt > GIVE_UP_MS) throw new Error(`${name} still takes the token`);
        await sleep(1);
      }
    });
    const status = await end(at, tokens.refresh_token, keycloak.url);
    answeredAt = performance.now();
    if (status !== 204) throw new Error(`logout: ${status}`);
    const last = Math.max(...(await Promise.all(refused)));
    measured.push({ way, fromSending: last - sentAt, fromAnswer: Math.max(0, last - answeredAt) });
    if ((i + 1) % 20 === 0) log(`${i + 1} logouts, the last one took ${(last - sentAt).toFixed(1)} ms`);
  }
  const summary = Object.keys(WAYS).map((way) => {
    const of = (read: (one: Measured) => number) =>
      measured
        .filter((one) => one.way === way)
        .map(read)
        .sort((a, b) => a - b);
    const [fromSending, fromAnswer] = [of((one) => one.fromSending), of((one) => one.fromAnswer)];
    const figures = (ms: readonly number[]) => ({
      p50: round(quantile(ms, 0.5)),
      p99: round(quantile(ms, 0.99)),
    });
    return {
      way,
      count: fromAnswer.length,
      fromSending: figures(fromSending),
      fromAnswer: figures(fromAnswer),
    };
  });
  const isGood = summary.every(({ fromSending }) => fromSending.p99 < TARGET_MS);
  return {
    part: 'logout',
    isGood,
    text: `${times} logouts; until each of ${replicas.length} replicas, asked directly, answers 401:

${toTable(
  ['logout', 'times', 'from sending it: median', 'p99', 'from its answer: median', 'p99'],
  summary.map(({ way, count, fromSending, fromAnswer }) => [
    ...[way, count],
    ...[fromSending.p50, fromSending.p99, fromAnswer.p50, fromAnswer.p99].map((ms) => `${ms} ms`),
  ]),
)}

"From sending it" includes what Keycloak takes to end the session. The target is a p99 under ${TARGET_MS} ms: ${isGood ? 'reached' : '**missed**'}.`,
  };
}

const round = (ms: number) => Number(ms.toFixed(1));
