import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Tokens } from '../../../packages/guard/src/client/index.ts';
import {
  createRedisSessionStore,
  openRedis,
  type RedisConnection,
} from '../../../packages/guard/src/redis/index.ts';
import type { SessionStore } from '../../../packages/guard/src/session/index.ts';
import { createSessionKeeper } from '../../../packages/guard/src/session/record/keeper.ts';
import { resolveSessionOptions } from '../../../packages/guard/src/session/resolved-options.ts';
import { startDevIdp } from '../../../packages/testing/src/index.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { compare } from '../comparison.ts';
import type { Figure } from '../figures.ts';
import { type Load, runLoad } from '../load/generator.ts';
import type { PartOptions } from '../part-options.ts';
import { here, startServer, stop } from '../processes.ts';
import { createProcessorClock } from '../processor-time.ts';
import { CLIENT_ID } from '../realm/tokens.ts';
import { quantile } from '../statistics.ts';

const command = 'npm run bench -- sessions';
/** More than a process keeps in memory (10,000): in turn, each has to be read from Redis. */
const SESSIONS = 12_000;
const SECRET = 'only-for-the-benchmark-0123456789';
const CONNECTIONS = 50;

/** Sessions in Redis: memory of each, and what a request with a cookie costs, from memory and from Redis. */
export async function sessions({ quick, log }: PartOptions): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-bench-'));
  const idp = await startDevIdp({ realmFile: here('../../packages/testing/testing-realm.json') });
  const redis = await startRedis(folder);
  const connection = openRedis({ url: redis.url });
  const keycloak = { serverUrl: idp.url, realm: idp.realm, clientId: CLIENT_ID };
  const client = createClient({ ...keycloak, clientSecret: 'for-development-only' });
  try {
    await new Promise<void>((resolve) => {
      connection.onReady(resolve);
    });
    const before = await usedMemory(connection);
    const tokens = await client.passwordGrant({ username: 'abdullah', password: 'Test#123456' });
    const redisStore = createRedisSessionStore(connection);
    // All of them are of one login, and it may have as many as it likes here.
    const store: SessionStore = {
      ...redisStore,
      create: (key, value, ttlMs) => redisStore.create(key, value, ttlMs),
    };
    const keeper = createSessionKeeper(resolveSessionOptions({ client, secret: SECRET, store }));
    const begin = async (tokens: Tokens) => (await keeper.begin(tokens)).cookie;
    const cookies: string[] = [];
    while (cookies.length < SESSIONS) {
      cookies.push(...(await Promise.all(Array.from({ length: 100 }, () => begin(tokens)))));
    }
    const perSession = ((await usedMemory(connection)) - before) / SESSIONS;
    const keys = await connection.run((redis) => redis.keys('keycloak-guard:session:*'));
    const sizes = await Promise.all(
      keys.slice(0, 200).map((key) => connection.run((redis) => redis.memoryUsage(key))),
    );
    const perKey = quantile(
      sizes.map(Number).sort((a, b) => a - b),
      0.5,
    );
    log(`sessions: ${keys.length} keys, ${perKey} bytes each, ${perSession.toFixed(0)} with Redis' tables`);

    const bearers = join(folder, 'bearers');
    const values = join(folder, 'cookies');
    await writeFile(bearers, `${tokens.accessToken}\n`);
    await writeFile(values, `${cookies.map(encodeURIComponent).join('\n')}\n`);

    const server = await startServer(here('../../packages/server/dist/main.js'), {
      ...{ KEYCLOAK_SERVER_URL: idp.url, KEYCLOAK_REALM: idp.realm, KEYCLOAK_CLIENT_ID: CLIENT_ID },
      ...{ KEYCLOAK_CLIENT_SECRET: 'for-development-only', SESSION_SECRET: SECRET, REDIS_URL: redis.url },
      // As the store above.
      REDIS_KEY_PREFIX: 'keycloak-guard',
      ...{ HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
    });
    const service = `http://127.0.0.1:${server.port}`;
    const redisClock = createProcessorClock({ pid: redis.pid });
    async function measure(what: string, load: Pick<Load, 'tokens' | 'count' | 'header'>) {
      const whole = { ...load, url: `${service}/protected`, first: 1, whenUsedUp: 'wrap' as const };
      await runLoad({ ...whole, seconds: 1, connections: CONNECTIONS });
      const [used, redisUsed] = [(await server.usage()).cpuMicroseconds, redisClock()];
      const result = await runLoad({ ...whole, seconds: quick ? 1 : 4, connections: CONNECTIONS });
      if (result.refused + result.failed > 0) {
        throw new Error(`${what}: ${result.refused} refused, ${result.failed} failed`);
      }
      const cost = {
        perSecond: result.requests / result.seconds,
        cpuMicroseconds: ((await server.usage()).cpuMicroseconds - used) / result.requests,
        redisMicros: ((redisClock() - redisUsed) * 1e6) / result.requests,
      };
      log(
        `${what}: ${cost.perSecond.toFixed(0)}/s, ${cost.cpuMicroseconds.toFixed(1)} µs, Redis ${cost.redisMicros.toFixed(1)} µs`,
      );
      return cost;
    }
    try {
      await untilReady(service);
      const header = { name: 'cookie', prefix: 'session-fastapi-keycloak=' };
      const bearer = await measure('a bearer token', { tokens: bearers, count: 1 });
      const cookie = await measure('a cookie', { tokens: values, count: 1, header });
      const read = await measure('cookies in turn', { tokens: values, count: SESSIONS, header });
      const ratio = compare(cookie, bearer);
      return [
        {
          figure: 'requests with one session cookie ÷ with one bearer token, sessions in Redis',
          target: 'at least 0.7',
          measured: ratio.text,
          isReached: ratio.value >= 0.7,
          isDisturbed: ratio.isDisturbed,
          command,
          values: { cookieCpuMicros: cookie.cpuMicroseconds, bearerCpuMicros: bearer.cpuMicroseconds },
        },
        {
          figure: `memory of Redis for a session, ${SESSIONS.toLocaleString('en-US')} of them`,
          measured: `${Math.round(perSession).toLocaleString('en-US')} bytes (${perKey.toLocaleString('en-US')} by MEMORY USAGE)`,
          command,
          values: { sessionBytes: perSession, sessionKeyBytes: perKey },
        },
        {
          figure: `request with a session cookie that has to be read from Redis`,
          measured: `${read.cpuMicroseconds.toFixed(0)} µs of processor time, ${read.redisMicros.toFixed(0)} µs of Redis'; from memory ${cookie.cpuMicroseconds.toFixed(0)} µs`,
          command,
          values: { sessionReadCpuMicros: read.cpuMicroseconds, sessionReadRedisMicros: read.redisMicros },
        },
      ];
    } finally {
      await server.stop();
    }
  } finally {
    connection.close();
    await redis.stop();
    await idp.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startRedis(folder: string) {
  const program = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (program === undefined) throw new Error('redis-server or valkey-server is needed');
  const port = await freePort();
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const child = spawn(program, [...where, '--save', '', '--appendonly', 'yes'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid as number,
    stop: () => stop(child),
  };
}

async function usedMemory(connection: RedisConnection): Promise<number> {
  const info = await connection.run((client) => client.info('memory'));
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}

async function untilReady(service: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const response = await fetch(`${service}/health/ready`);
    await response.arrayBuffer();
    if (response.status === 200) return;
    await sleep(50);
  }
  throw new Error('the service is not ready');
}
