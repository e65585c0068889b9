import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Histogram } from 'prom-client';
import { createRedisRateLimitStore, openRedis } from '../../../packages/guard/src/redis/index.ts';
import { createKeycloakFetch } from '../../../packages/server/src/http/keycloak-fetch.ts';
import { repeatedMembers } from '../../../packages/server/src/http/repeated-members.ts';
import { createLoggerTo, jsonStream } from '../../../packages/server/src/log/logger.ts';
import { createRequestLog } from '../../../packages/server/src/observability/request-log.ts';
import type { WorkerLink } from '../../../packages/server/src/shared/worker-link.ts';
import { openLink } from '../../../packages/server/src/workers/link.ts';
import { type ToWorker, unwrap, wrap } from '../../../packages/server/src/workers/messages.ts';
import { freePort } from '../../../test/support/free-port.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { hasProgram, here, stop } from '../processes.ts';
import { quantile } from '../statistics.ts';

const ROUNDS = 15;
const command = 'npm run bench -- by-hand';

/** What the service does itself, beside what a library needs for the same. */
export async function byHand({ quick, log }: PartOptions): Promise<Figure[]> {
  const rounds = quick ? 3 : ROUNDS;
  const figures = [histogram(rounds), logLine(rounds), tokenizer(rounds), await call(rounds)];
  if (hasProgram('redis-server')) figures.push(await workers(rounds));
  for (const { figure, measured } of figures) log(`${figure}: ${measured}`);
  return figures;
}

function histogram(rounds: number): Figure {
  const buckets = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const times = new Histogram({
    ...{ name: 'seconds', help: 'x', labelNames: ['route', 'status'], buckets },
    registers: [],
  });
  const [theirs] = inTurn(rounds, 100_000, [
    (i) => times.observe({ route: '/protected', status: 200 }, (i % 1000) / 1e5),
  ]) as [number];
  return {
    figure: 'a request in the histogram of times',
    measured: `prom-client ${theirs.toFixed(2)} µs`,
    command,
  };
}

function logLine(rounds: number): Figure {
  const nowhere = () => jsonStream(openSync(devNull, 'w'));
  const log = createRequestLog(createLoggerTo({ logLevel: 'info' }, nowhere()))!;
  const pino = createLoggerTo({ logLevel: 'info' }, nowhere());
  const request = { id: 'req-1', method: 'GET' } as FastifyRequest;
  const reply = { statusCode: 200 } as FastifyReply;
  const answer = { request, reply, route: '/protected', beganAt: 0 };
  const [own, theirs] = inTurn(rounds, 50_000, [
    () => log(answer, 0.42),
    () => {
      const { id: reqId, method } = request;
      pino.info({ reqId, method, route: '/protected', status: 200, ms: 0.4 }, 'request');
    },
  ]) as [number, number];
  return {
    figure: 'the line of a request in the log',
    measured: `${own.toFixed(2)} µs; pino ${theirs.toFixed(2)} µs`,
    command,
  };
}

function tokenizer(rounds: number): Figure {
  const body = JSON.stringify({ username: 'abdullah', password: 'Test#123456' });
  const [own, parse] = inTurn(rounds, 50_000, [() => repeatedMembers(body), () => JSON.parse(body)]) as [
    number,
    number,
  ];
  return {
    figure: 'a login body is searched for a field that comes twice',
    measured: `${own.toFixed(2)} µs; JSON.parse, which does not tell, ${parse.toFixed(2)} µs`,
    command,
  };
}

/** A call of the token endpoint, 4 at a time, as logins come: what answers is in another process. */
async function call(rounds: number): Promise<Figure> {
  const answer = JSON.stringify({ access_token: 'a'.repeat(1_300), refresh_token: 'r'.repeat(700) });
  const program = `require('node:http').createServer((request, response) => {
    request.resume().on('end', () => response.end(${JSON.stringify(answer)}));
  }).listen(process.env.PORT, '127.0.0.1', () => process.send('ready'))`;
  const port = await freePort();
  const server = spawn(process.execPath, ['-e', program], {
    env: { PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(server, 'message');
  const init = () => ({
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', username: 'abdullah', password: 'Test#123456' }),
    redirect: 'manual' as const,
    signal: AbortSignal.timeout(10_000),
  });
  const calls = [createKeycloakFetch(), fetch].map((one) => async () => {
    await (await one(`http://127.0.0.1:${port}/`, init())).text();
  });
  const times = calls.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [at, one] of calls.entries()) {
      const before = process.cpuUsage();
      for (let i = 0; i < 50; i++) await Promise.all([one(), one(), one(), one()]);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) times[at]?.push((user + system) / 200);
    }
  }
  await stop(server);
  const [own, theirs] = times.map(median) as [number, number];
  return {
    figure: 'a call to Keycloak',
    measured: `${own.toFixed(0)} µs by node:http; ${theirs.toFixed(0)} µs by the fetch of Node.js`,
    command,
  };
}

/** A count that all workers share: by the primary process, and by a Redis on the same machine. */
async function workers(rounds: number): Promise<Figure> {
  const primary = fork(here('servers/shared-memory.ts'));
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  const connection = openRedis({ url: `redis://127.0.0.1:${port}`, onNotice: false });
  try {
    await new Promise<void>((resolve) => {
      connection.onReady(resolve);
    });
    const link = openLink({
      send: (message) => void primary.send(wrap(message)),
      listen: (listener) =>
        primary.on('message', (message) => {
          const ours = unwrap<ToWorker>(message);
          if (ours !== undefined) listener(ours);
        }),
    });
    while (!link.revocations.isCaughtUp) await sleep(20);
    const stores = [link.limits, createRedisRateLimitStore(connection)];
    const times = stores.map((): number[] => []);
    for (let round = 0; round < rounds; round++)
      for (const [at, store] of stores.entries()) times[at]?.push(await countMany(store, 2_000));
    const [own, theirs] = times.map((all) => median(all)) as [number, number];
    return {
      figure: 'a count that the workers of one machine share, 50 at a time',
      measured: `${own.toFixed(0)} µs by the primary process; ${theirs.toFixed(0)} µs by a Redis beside it`,
      command,
    };
  } finally {
    connection.close();
    await Promise.all([primary, redis].map((child) => stop(child)));
  }
}

/** @returns microseconds for each, by the clock */
async function countMany(store: WorkerLink['limits'], count: number): Promise<number> {
  const began = performance.now();
  const one = () => store.increment('somebody', 60_000);
  for (let done = 0; done < count; done += 50) await Promise.all(Array.from({ length: 50 }, one));
  return ((performance.now() - began) * 1000) / count;
}

/** Processor time of each, in turn. Unit: microseconds, median of the rounds. */
function inTurn(rounds: number, count: number, works: readonly ((i: number) => unknown)[]): number[] {
  const times = works.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, work] of works.entries()) {
      const before = process.cpuUsage();
      for (let i = 0; i < count; i++) work(i);
      const { user, system } = process.cpuUsage(before);
      times[at]?.push((user + system) / count);
    }
  }
  return times.map(median);
}

const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
