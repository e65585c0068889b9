import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { repeatedMembers } from '../../../packages/server/src/http/bodies.ts';
import { createKeycloakFetch } from '../../../packages/server/src/http/keycloak-fetch.ts';
import { createLoggerTo, jsonStream } from '../../../packages/server/src/log/logger.ts';
import { createRequestLog } from '../../../packages/server/src/observability/answers.ts';
import { freePort } from '../../../test/support/free-port.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { stop } from '../processes.ts';
import { quantile } from '../statistics.ts';

const ROUNDS = 15;
const command = 'npm run bench -- by-hand';

/** What the service does itself, beside what a library needs for the same. */
export async function byHand({ quick, log }: PartOptions): Promise<Figure[]> {
  const rounds = quick ? 3 : ROUNDS;
  const figures = [logLine(rounds), tokenizer(rounds), await call(rounds)];
  for (const { figure, measured } of figures) log(`${figure}: ${measured}`);
  return figures;
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
