import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { ask, here, pin, stop } from '../processes.ts';

const COMMAND = 'npm run bench -- tenants';
const KB = 1_000;

interface Sample {
  readonly bytes: number;
  readonly rss: number;
  readonly cpu: number;
  readonly tenants: number;
  /** p99 of the delay of the event loop, since it was asked to watch. Unit: milliseconds. */
  readonly delayMs: number;
}

/** What `load/trouble.mjs` sends. */
const KINDS = ['good', 'hung', 'forged', 'made-up'] as const;
type Kind = (typeof KINDS)[number];
const TROUBLE_PER_SECOND = 200;
const TROUBLES = {
  hung: '200 requests a second for tenants whose Keycloak hangs',
  forged: '200 forged tokens a second for one tenant',
  'made-up': '200 made-up tenants a second',
};

type Sampler = (what?: 'usage' | 'gc' | 'watch') => Promise<Sample>;

/** One process with the realms of many tenants: memory, the first token, speed beside one realm, and what others' trouble costs. */
export async function tenants({ quick, log }: PartOptions): Promise<Figure[]> {
  const count = quick ? 100 : 1_000;
  const names = Array.from({ length: count }, (_, at) => `t${at}`);
  // And all that is started from here.
  pin('load', String(process.pid));
  const provider = await start('realm/many-realms.ts', {});
  const hung = await start('realm/many-realms.ts', {});
  const app = await start('servers/tenants.mjs', {
    SERVER_URL: String(provider.said),
    HUNG_URL: String(hung.said),
  });
  pin('server', String(app.child.pid));
  try {
    const [onePort, manyPort] = app.said as [number, number];
    const tokens = (await ask(provider.child, { tokensOf: names })) as string[];
    const tokensOfOne = (await ask(provider.child, { tokensOf: names.map(() => 't0') })) as string[];
    const sample: Sampler = (what = 'usage') => ask(app.child, what) as Promise<Sample>;
    const toMany = names.map((name, at) => ({ port: manyPort, tenant: name, token: tokens[at] as string }));
    const toOne = tokensOfOne.map((token) => ({ port: onePort, tenant: 't0', token }));
    // As many tokens, and the work for tenants, without the memory of many.
    const toFirst = toOne.map((one) => ({ ...one, port: manyPort }));

    for (const one of [...toOne, ...toFirst]) await send(one);
    const before = await sample('gc');
    const cold: number[] = [];
    for (const one of toMany) {
      const { status, ms } = await send(one);
      if (status !== 200) throw new Error(`tenant ${one.tenant} was answered ${status}`);
      cold.push(ms);
    }
    const after = await sample('gc');
    const perTenant = (after.bytes - before.bytes) / count;
    log(`tenants: ${after.tenants} in memory, ${(perTenant / KB).toFixed(1)} kB each, with one token`);

    const ratios: number[] = [];
    const ratiosOfFirst: number[] = [];
    const loads = [toOne, toFirst, toMany];
    const requests = quick ? 2_000 : 10_000;
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const costs = new Map<object, number>();
      for (const at of loads.keys()) {
        const load = loads[(at + round) % loads.length] as Sent[];
        costs.set(load, await costOf(load, requests, sample));
      }
      const [ofOne, ofFirst, ofMany] = loads.map((load) => costs.get(load)) as [number, number, number];
      ratios.push(ofOne / ofMany);
      ratiosOfFirst.push(ofOne / ofFirst);
      log(
        `tenants: one realm ${ofOne.toFixed(1)} µs, one tenant ${ofFirst.toFixed(1)}, many ${ofMany.toFixed(1)} a request`,
      );
    }

    await ask(hung.child, { hang: true });
    const others = toMany.slice(1);
    const seconds = quick ? 3 : 6;
    const rounds: Record<Kind, Trouble>[] = [];
    for (let round = 0; round < (quick ? 3 : 5); round++) {
      const last = {} as Record<Kind, Trouble>;
      for (const at of KINDS.keys()) {
        const kind = KINDS[(at + round) % KINDS.length] as Kind;
        last[kind] = await p99Of(others, seconds, sample, kind, { ...(toMany[0] as Sent), port: manyPort });
      }
      rounds.push(last);
      const said = Object.entries(last).map(([what, one]) => `${what} ${sayTrouble(one)}`);
      log(`tenants: p99 ${said.join(', ')}`);
    }
    const median = (list: readonly number[]) =>
      [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;
    const quantile = (list: readonly number[], q: number) =>
      [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))] as number;
    const ofKind = (kind: Kind) => median(rounds.map((round) => round[kind].p99Ms / round.good.p99Ms));
    const speed = median(ratios);
    const delays = KINDS.map((what) => {
      const delay = median(rounds.map((round) => round[what].delayMs));
      return `${what} ${delay.toFixed(2)} ms`;
    });
    const toFigure = (figure: string, target: string, measured: string, isReached: boolean): Figure => ({
      ...{ figure, target, measured, isReached },
      command: COMMAND,
    });
    return [
      toFigure(
        `memory of a tenant that is idle, with one known token, of ${count}`,
        'at most 36 kB',
        `${(perTenant / KB).toFixed(1)} kB`,
        perTenant <= 36 * KB,
      ),
      {
        figure: 'time to the first answer of a cold tenant: discovery, keys, signature',
        measured: `median ${median(cold).toFixed(1)} ms, p99 ${quantile(cold, 0.99).toFixed(1)} ms`,
        command: COMMAND,
      },
      toFigure(
        `requests of ${count} warm tenants ÷ one realm, by processor time`,
        'at least 0.9',
        speed.toFixed(3),
        speed >= 0.9,
      ),
      {
        figure: 'the same of one tenant: what the code for tenants costs, without the memory of many',
        measured: median(ratiosOfFirst).toFixed(3),
        command: COMMAND,
      },
      {
        figure: 'delay of the server’s event loop, p99: what of it is the server and not who sends the load',
        measured: delays.join(', '),
        command: COMMAND,
      },
      ...(['hung', 'forged', 'made-up'] as const).map((kind) =>
        toFigure(
          `p99 of others, ${TROUBLES[kind]} ÷ with as many good requests of one`,
          'at most 1.2',
          ofKind(kind).toFixed(2),
          ofKind(kind) <= 1.2,
        ),
      ),
    ];
  } finally {
    for (const { child } of [app, provider, hung]) await stop(child);
  }
}

async function start(file: string, env: Record<string, string>) {
  const child = fork(here(file), {
    execArgv: [...(file.endsWith('.mjs') ? [] : process.execArgv), '--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
  const [said] = (await once(child, 'message')) as [unknown];
  return { child, said };
}

interface Sent {
  readonly port: number;
  readonly tenant: string;
  readonly token: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

function send({ port, tenant, token }: Sent): Promise<{ status: number; ms: number }> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'x-tenant': tenant, authorization: `Bearer ${token}` };
    request({ host: '127.0.0.1', port, agent, headers }, (response) => {
      response.resume();
      response.once('end', () =>
        resolve({ status: response.statusCode as number, ms: performance.now() - begin }),
      );
    })
      .once('error', reject)
      .end();
  });
}

/** Processor time of the app for a request. Unit: microseconds. */
async function costOf(load: readonly Sent[], requests: number, sample: Sampler): Promise<number> {
  const before = await sample();
  let next = 0;
  const worker = async () => {
    while (next < requests) await send(load[next++ % load.length] as Sent);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return ((await sample()).cpu - before.cpu) / requests;
}

/** Milliseconds. */
interface Trouble {
  readonly p99Ms: number;
  readonly delayMs: number;
}

const sayTrouble = ({ p99Ms, delayMs }: Trouble): string =>
  `${p99Ms.toFixed(2)} ms (event loop ${delayMs.toFixed(2)})`;

/** Latency of known tokens of the others, at a steady rate, while another process sends one tenant's trouble. */
async function p99Of(
  load: readonly Sent[],
  seconds: number,
  sample: Sampler,
  kind: Kind,
  { port, token }: Sent,
): Promise<Trouble> {
  const trouble = fork(here('load/trouble.mjs'), [String(port), kind, token, String(TROUBLE_PER_SECOND)]);
  // It would run on another machine: it must not take the processor from the clock, which is here.
  setPriority(trouble.pid as number, 10);
  await sleep(1_000);
  await sample('watch');
  const times: number[] = [];
  const running: Promise<unknown>[] = [];
  const begin = performance.now();
  for (let at = 0; performance.now() - begin < seconds * 1_000; at++) {
    running.push(send(load[at % load.length] as Sent).then(({ ms }) => times.push(ms)));
    await sleep(Math.max(0, begin + at * 5 - performance.now()));
  }
  await Promise.all(running);
  const { delayMs } = await sample();
  await stop(trouble);
  return { p99Ms: times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number, delayMs };
}
