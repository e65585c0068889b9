import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer } from '../processes.ts';
import { startRealm } from '../realm/realm.ts';
import { CLIENT_ID, createKey, mint, REALM } from '../realm/tokens.ts';

/** A verifier loads the JWKS for an unknown key at most once in 5 s; a realm that rotates faster has another trouble. */
const PAUSE_MS = 5_100;
const CONNECTIONS = 20;

/** Realms side by side, each with its own verifier, rotate their keys under load: not one good token is refused. */
export async function rotations({ quick, log }: PartOptions): Promise<Figure[]> {
  const realms = await Promise.all(Array.from({ length: 10 }, () => startRealm()));
  const times = quick ? 2 : 10;
  const server = await startServer(here('servers/realms.mjs'), {
    ...{ REALM, CLIENT_ID, SERVER_URLS: realms.map(({ serverUrl }) => serverUrl).join(' ') },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const tokens = await Promise.all(realms.map(({ key, issuer }) => mint(key, issuer, 20)));
  const statuses = new Map<number | string, number>();
  let isOver = false;

  const ask = (token: string) =>
    new Promise<number | string>((resolve) => {
      const url = `http://127.0.0.1:${server.port}/protected`;
      get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode as number));
      }).once('error', (error) => resolve(error.message));
    });
  async function load(start: number): Promise<void> {
    for (let i = start; !isOver; i++) {
      const list = tokens[i % tokens.length] as string[];
      // The newest half of the time: what was signed last is where a rotation can hurt.
      const token = list[i % 2 === 0 ? list.length - 1 : (i * 7) % list.length] as string;
      const status = await ask(token);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }

  try {
    const workers = Array.from({ length: CONNECTIONS }, (_, i) => load(i));
    for (let time = 1; time <= times; time++) {
      await Promise.all(
        realms.map(async (realm, i) => {
          const next = await createKey();
          const fresh = await mint(next, realm.issuer, 20);
          await realm.rotate(next);
          tokens[i] = [...(tokens[i] as string[]).slice(-20), ...fresh];
        }),
      );
      log(`rotations under load: ${time * realms.length} of ${times * realms.length}`);
      await sleep(PAUSE_MS);
    }
    isOver = true;
    await Promise.all(workers);
  } finally {
    isOver = true;
    agent.destroy();
    await server.stop();
    await Promise.all(realms.map((realm) => realm.close()));
  }
  const good = statuses.get(200) ?? 0;
  const all = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  return [
    {
      figure: `failed requests across ${times * realms.length} key rotations under load (10 realms, each ${times} times)`,
      target: '0',
      measured: `${all - good} of ${all.toLocaleString('en-US')}`,
      isReached: all === good && good > 0,
      command: 'npm run bench -- rotations',
    },
  ];
}
