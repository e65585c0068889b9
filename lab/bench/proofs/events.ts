import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { CLIENT, createLabRealm, type LabRealm } from '../../reliability/events/realm.ts';
import type { Figure } from '../figures.ts';
import { runLoad } from '../load/generator.ts';
import type { PartOptions } from '../part-options.ts';
import { here, type NodeProcess, startServer } from '../processes.ts';
import { createProcessorClock } from '../processor-time.ts';
import { quantile } from '../statistics.ts';

const command = 'npm run bench -- events';
const TOKENS = 2_000;
const USERS = 40;
/** While others are measured, each token of a server is used once in so long, so that none falls out of use. Unit: milliseconds. */
const IDLE_USE_MS = 10_000;

interface Contender {
  readonly name: string;
  readonly server: NodeProcess;
  readonly rounds: { readonly cpuMicroseconds: number; readonly keycloakCores: number }[];
  isMeasured: boolean;
}

/**
 * The service as shipped, all freshness on, at a real Keycloak: with rechecks, and with its events, beside bare Fastify. All have
 * 2,000 tokens in use the whole time, so that rounds have what rechecks cost.
 */
export async function events({ quick, log }: PartOptions): Promise<Figure[]> {
  const keycloak = await startKeycloak({ env: { JAVA_OPTS_APPEND: '' }, onProgress: log });
  const folder = mkdtempSync(join(tmpdir(), 'keycloak-guard-bench-'));
  const all: Contender[] = [];
  let isOver = false;
  try {
    const realm = await createLabRealm(keycloak.url, 'events');
    const settings = {
      ...{ KEYCLOAK_SERVER_URL: keycloak.url, KEYCLOAK_REALM: realm.name, HOST: '127.0.0.1' },
      ...{ KEYCLOAK_CLIENT_ID: CLIENT.clientId, KEYCLOAK_CLIENT_SECRET: CLIENT.clientSecret },
      ...{ SESSION_SECRET: 'off', LOG_LEVEL: 'warn' },
    };
    const service = here('../../packages/server/dist/main.js');
    const start = async (name: string, file: string, env: Readonly<Record<string, string>>) => {
      const server = await startServer(file, env);
      all.push({ name, server, rounds: [], isMeasured: false });
    };
    await start('bare Fastify', here('servers/bare-fastify.mjs'), {});
    await start('rechecks', service, settings);
    await start('events', service, { ...settings, KEYCLOAK_EVENTS: 'on' });
    // Tokens that were issued before events were heard, plus the tolerance of the clocks, are asked about as ever.
    await sleep(8_000);
    const tokens = await mintMany(realm);
    const file = join(folder, 'tokens');
    writeFileSync(file, `${tokens.join('\n')}\n`);
    for (const one of all) void keepInUse(one, tokens, () => isOver);
    await sleep(quick ? 12_000 : 20_000);

    const clock = createProcessorClock({ group: keycloak.processGroup() as number });
    const seconds = quick ? 5 : 15;
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const one of all) {
        one.isMeasured = true;
        const before = [clock(), (await one.server.usage()).cpuMicroseconds, performance.now()] as const;
        const { requests, refused, failed } = await runLoad({
          ...{ url: `http://127.0.0.1:${one.server.port}/protected`, tokens: file },
          ...{ first: 1, count: TOKENS, whenUsedUp: 'wrap', seconds, connections: 50 },
        });
        const tookMs = performance.now() - before[2];
        const cpuMicroseconds = ((await one.server.usage()).cpuMicroseconds - before[1]) / requests;
        const keycloakCores = ((clock() - before[0]) * 1000) / tookMs;
        one.isMeasured = false;
        if (refused + failed > 0) throw new Error(`${one.name}: ${refused} refused, ${failed} failed`);
        one.rounds.push({ cpuMicroseconds, keycloakCores });
        log(
          `${one.name}: ${cpuMicroseconds.toFixed(1)} µs a request, Keycloak ${keycloakCores.toFixed(3)} cores`,
        );
      }
    }
    const cpuOf = (index: number) => median(all[index]!.rounds.map((round) => round.cpuMicroseconds));
    const [bare, rechecks, followed] = [cpuOf(0), cpuOf(1), cpuOf(2)];
    const figure = (how: string, cpu: number): Figure => ({
      figure: `service as shipped ÷ bare Fastify, 2,000 tokens of Keycloak ${keycloak.version} in turn, ${how}`,
      target: 'at least 0.87',
      measured: `${(bare / cpu).toFixed(2)} by processor time (${cpu.toFixed(1)} and ${bare.toFixed(1)} µs)`,
      isReached: bare / cpu >= 0.87,
      command,
    });
    return [
      figure('each asked about every 15 s, in the rounds as well', rechecks),
      figure('following its events', followed),
    ];
  } finally {
    isOver = true;
    await Promise.all(all.map(({ server }) => server.stop()));
    await keycloak.close();
    rmSync(folder, { recursive: true });
  }
}

async function mintMany(realm: LabRealm): Promise<string[]> {
  const sessions: { sub: string; sid: string }[] = [];
  for (let i = 0; i < USERS; i++) {
    const username = `user-${i}`;
    await realm.createUser(username);
    sessions.push(await realm.login(username));
  }
  return Array.from({ length: TOKENS }, (_, i) => realm.mint(sessions[i % USERS] as never));
}

async function keepInUse(one: Contender, tokens: readonly string[], isOver: () => boolean): Promise<void> {
  const url = `http://127.0.0.1:${one.server.port}/protected`;
  const pauseMs = 50;
  const atOnce = Math.ceil((TOKENS * pauseMs) / IDLE_USE_MS);
  for (let at = 0; !isOver(); ) {
    const some = Array.from({ length: one.isMeasured ? 0 : atOnce }, () => tokens[at++ % TOKENS]);
    const asked = some.map((token) => fetch(url, { headers: { authorization: `Bearer ${token}` } }));
    await Promise.all([
      sleep(pauseMs),
      ...asked.map((answer) => answer.then((one) => one.arrayBuffer())),
    ]).catch(() => {});
  }
}

const median = (values: readonly number[]) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
