import { compare } from '../comparison.ts';
import { CONTENDERS, type Contender, ofCheckout } from '../contenders.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { here } from '../processes.ts';
import { runRounds } from '../rounds.ts';
import { type Measured, summarize } from '../statistics.ts';
import { WORKLOADS } from '../workloads.ts';

const COMMAND = 'npm run bench -- adapters';

/** A framework without auth, with the adapter, and what people use there otherwise. */
interface Row {
  readonly framework: string;
  readonly bare: Contender;
  readonly guarded: Contender;
  readonly other?: Contender;
  /** What the guard is to be ÷ the other, at least. Default 3. */
  readonly least?: number;
}

const ofAll = (id: string) => CONTENDERS.find((one) => one.id === id) as Contender;
const app = (framework: string, guard: 'on' | 'off', file = 'adapter'): Contender => ({
  id: `${framework} ${guard}`,
  label: framework,
  file: here(`servers/${file}.mjs`),
  env: { FRAMEWORK: framework, GUARD: guard },
  ...(guard === 'on' ? { remembers: true } : { isOpen: true }),
});

/** A new adapter is a row. */
const ROWS: readonly Row[] = [
  { framework: 'node:http', bare: app('node', 'off'), guarded: app('node', 'on') },
  {
    framework: 'Express',
    bare: app('express', 'off'),
    guarded: app('express', 'on'),
    other: ofAll('express-oauth2'),
  },
  {
    framework: '@keycloak-guard/connect',
    bare: app('express', 'off'),
    guarded: { id: 'connect', label: 'connect', file: here('servers/connect.mjs'), remembers: true },
    other: ofAll('keycloak-connect'),
    least: 3.55,
  },
  {
    framework: 'Koa',
    bare: app('koa', 'off'),
    guarded: app('koa', 'on'),
    other: { id: 'koa-jwt', label: 'koa-jwt', file: here('servers/koa-jwt.mjs') },
  },
  {
    framework: 'Hono',
    bare: app('hono', 'off'),
    guarded: app('hono', 'on'),
    other: { id: 'hono-jwk', label: 'hono/jwk with kept keys', file: here('servers/hono-jwk.mjs') },
  },
  // `Request` and `Response` on the server that Hono has for Node: nothing else to compare with.
  { framework: 'fetch', bare: app('fetch', 'off'), guarded: app('fetch', 'on') },
  {
    framework: 'Nest',
    bare: app('nest', 'off', 'nest'),
    guarded: app('nest', 'on', 'nest'),
    other: {
      id: 'nest-keycloak-connect',
      // Its stable release refuses Nest 11 and later.
      label: 'nest-keycloak-connect (offline, on Nest 10)',
      file: here('servers/nest-keycloak-connect.mjs'),
    },
  },
  { framework: 'Fastify', bare: ofAll('bare'), guarded: ofAll('plugin'), other: ofAll('fastify-jwt') },
];

/** Each adapter's guard ÷ the same app without auth, and ÷ what the framework's people use or another checkout's; one token. */
export async function adapters({ quick, log, against }: PartOptions): Promise<Figure[]> {
  const rows =
    against === undefined
      ? ROWS
      : ROWS.map((row): Row => ({ ...row, other: ofCheckout(row.guarded, against), least: 0.95 }));
  const rounds = await runRounds({
    contenders: [
      ...new Map(
        rows
          .flatMap(({ bare, guarded, other }) => [bare, guarded, ...(other ? [other] : [])])
          .map((one) => [one.id, one]),
      ).values(),
    ],
    workloads: WORKLOADS.filter(({ id }) => id === 'one'),
    rounds: quick ? 1 : 5,
    connections: 50,
    isQuick: quick,
    log,
  });
  const measured = summarize(rounds);
  const find = ({ id }: Contender) => measured.find(({ contender }) => contender === id) as Measured;
  const figure = (text: string, least: number, ours: Contender, theirs: Contender): Figure => {
    const { value, text: said, isDisturbed } = compare(find(ours), find(theirs));
    const isReached = value >= least;
    return {
      figure: text,
      target: `at least ${least}`,
      measured: said,
      isReached,
      isDisturbed,
      command: COMMAND,
    };
  };
  return rows.flatMap(({ framework, bare, guarded, other, least = 3 }) => [
    figure(`${framework}: guard ÷ the same app without auth, one token`, 0.95, guarded, bare),
    ...(other ? [figure(`${framework}: guard ÷ ${other.label}, one token`, least, guarded, other)] : []),
  ]);
}
