import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../comparison.ts';
import type { Figure } from '../figures.ts';
import { runLoad } from '../load/generator.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer } from '../processes.ts';
import { startRealm } from '../realm/realm.ts';
import { CLIENT_ID, mint, REALM } from '../realm/tokens.ts';
import { measureSpeed, medianSpeed, type Speed } from '../speed.ts';
import { MANY } from '../workloads.ts';

const command = 'npm run bench -- permissions';
const SECONDS = 2;
const USERS = 100;
const RESOURCES = 20;
const REQUESTS = 10_000;
const TARGET = 0.9;

/** A permission from memory ÷ the same guard without one, at one server; and how often Keycloak is asked. */
export async function permissions({ quick, log }: PartOptions): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-bench-'));
  const realm = await startRealm();
  const server = await startServer(here('servers/permissions.mjs'), {
    ...{ SERVER_URL: realm.serverUrl, REALM, CLIENT_ID },
  });
  const base = `http://127.0.0.1:${server.port}`;
  const file = join(folder, 'tokens');

  async function measure(path: string, count: number, isWarmUp: boolean): Promise<Speed> {
    const load = { tokens: file, first: 1, count, whenUsedUp: 'wrap' as const, connections: 50 };
    // Every answer is in memory before it counts, and what grew old meanwhile has been checked again.
    await runLoad({ ...load, url: base + path, seconds: isWarmUp ? 5 : 1 });
    return measureSpeed(server, { ...load, url: base + path, seconds: SECONDS });
  }

  async function ratio(label: string, count: number): Promise<Figure> {
    const speeds: Record<'/protected' | '/permitted', Speed[]> = { '/protected': [], '/permitted': [] };
    await writeFile(file, `${(await mint(realm.key, realm.issuer, count)).join('\n')}\n`);
    const rounds = quick ? 2 : 7;
    for (let round = 0; round <= rounds; round++) {
      log(`permission ÷ guard alone, ${label}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`);
      const paths = ['/protected', '/permitted'] as const;
      for (const path of round % 2 === 0 ? paths : paths.toReversed()) {
        const speed = await measure(path, count, round === 0);
        if (round > 0) speeds[path].push(speed);
      }
    }
    const [alone, permitted] = [medianSpeed(speeds['/protected']), medianSpeed(speeds['/permitted'])];
    const { value, text, isDisturbed } = compare(permitted, alone);
    const cost = permitted.cpuMicroseconds - alone.cpuMicroseconds;
    return {
      figure: `a guard with a permission from memory ÷ the same guard without, ${label}`,
      target: `at least ${TARGET}`,
      measured: `${text} (${permitted.perSecond.toFixed(0)} and ${alone.perSecond.toFixed(0)}/s); the permission costs ${cost.toFixed(1)} µs`,
      isReached: value >= TARGET,
      isDisturbed,
      command,
    };
  }

  async function questions(): Promise<Figure> {
    const tokens = await mint(realm.key, realm.issuer, USERS);
    const before = await realm.calls();
    const began = performance.now();
    let sent = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        while (sent < REQUESTS) {
          const at = sent++;
          // Every user comes back to every resource.
          const resource = Math.floor(at / USERS) % RESOURCES;
          const { status } = await fetch(`${base}/things/${resource}`, {
            headers: { authorization: `Bearer ${tokens[at % USERS]}` },
          });
          if (status !== 200) throw new Error(`${status}`);
        }
      }),
    );
    const seconds = (performance.now() - began) / 1000;
    const after = await realm.calls();
    const asked = after.permissions - before.permissions;
    const names = after.resources - before.resources;
    return {
      figure: `questions to Keycloak per ${REQUESTS.toLocaleString('en')} requests of ${USERS} users for ${RESOURCES} resources, one each`,
      measured: `${asked} for permissions (each pair once in permissionSeconds), ${names} for names, in ${seconds.toFixed(1)} s`,
      command,
    };
  }

  try {
    return [await ratio('one token', 1), await ratio('2,000 tokens in turn', MANY), await questions()];
  } finally {
    await server.stop();
    await realm.close();
    await rm(folder, { recursive: true });
  }
}
