import { readFileSync, writeFileSync } from 'node:fs';
import { here } from '../processes.ts';
import type { Results } from '../report/results-file.ts';
import { ASSUMPTIONS, type Assumptions, type Costs, type Size, sizeFor } from './model.ts';

const PAGE = here('../../docs/sizing.md');
const USERS = [10_000, 1_000_000, 100_000_000] as const;

interface Input {
  readonly name: keyof Costs;
  readonly what: string;
  /** To seconds, or bytes. */
  readonly unit: { readonly scale: number; readonly name: string; readonly digits: number };
  /** Name among the values of the figures, or where else it stands. */
  readonly from: string | ((results: Results) => number | undefined);
  readonly command: string;
  /** What is taken, in the unit, as long as the command was not run, and where it is from. */
  readonly until?: readonly [value: number, source: string];
}

const MS = { scale: 1e-3, name: 'ms', digits: 1 };
const FINE_MS = { ...MS, digits: 2 };
const MICROS = { scale: 1e-6, name: 'µs', digits: 0 };
const rounds = (workload: string) => (results: Results) =>
  results.measured.find((one) => one.contender === 'service' && one.workload === workload)?.cpuMicroseconds;
const KEYCLOAK = 'npm run bench -- keycloak';
const SESSIONS = 'npm run bench -- sessions';

const INPUTS: readonly Input[] = [
  {
    name: 'login',
    what: 'password login, Keycloak',
    unit: MS,
    from: 'loginCpuMs',
    command: KEYCLOAK,
    until: [83, 'about 12 password checks a second and core, as 74 ms by `npm run bench -- login` suggest'],
  },
  {
    name: 'refresh',
    what: 'refresh, Keycloak',
    unit: MS,
    from: 'refreshCpuMs',
    command: KEYCLOAK,
    until: [8.3, '120 a second and core, by the guide of Keycloak'],
  },
  {
    name: 'check',
    what: 'check of a token (introspection), Keycloak',
    unit: MS,
    from: 'introspectionCpuMs',
    command: KEYCLOAK,
    until: [3.5, 'time to answer of one call, not processor time'],
  },
  {
    name: 'request',
    what: 'request with a token in memory, 2,000 in turn, service',
    unit: MICROS,
    from: rounds('many'),
    command: 'npm run bench',
  },
  {
    name: 'newToken',
    what: 'request with a token never seen, service',
    unit: MICROS,
    from: rounds('unseen'),
    command: 'npm run bench',
  },
  {
    name: 'sessionRead',
    what: 'request whose session has to be read from Redis, service',
    unit: MICROS,
    from: 'sessionReadCpuMicros',
    command: SESSIONS,
    until: [200, 'a guess'],
  },
  {
    name: 'serviceLogin',
    what: '`POST /login`, service',
    unit: FINE_MS,
    from: 'serviceLoginCpuMs',
    command: KEYCLOAK,
    until: [2, 'a guess, below the 5.3 ms that `npm run bench -- login` takes longer here'],
  },
  {
    name: 'serviceRefresh',
    what: '`POST /refresh`, service',
    unit: FINE_MS,
    from: 'serviceRefreshCpuMs',
    command: KEYCLOAK,
    until: [2, 'as a login'],
  },
  {
    name: 'redisRead',
    what: 'session read, Redis',
    unit: MICROS,
    from: 'sessionReadRedisMicros',
    command: SESSIONS,
    until: [20, 'a guess'],
  },
  {
    name: 'sessionBytes',
    what: 'session, memory of Redis',
    unit: { scale: 1, name: 'bytes', digits: 0 },
    from: 'sessionBytes',
    command: SESSIONS,
    until: [5308, 'measured once before there was a command'],
  },
];

const MEANINGS: { readonly [name in keyof Assumptions]: string } = {
  loginsPerUserAndDay: 'sign-ins with a password, of each signed-in user in a day',
  busiestHourShare: "share of a day's logins that falls into the busiest hour",
  activeShare: 'share of the signed-in users who use the API at the peak',
  requestsPerActiveUserAndSecond: 'calls to the API of each of them',
  accessTokenSeconds: "Keycloak's access token lifespan; sessions renew 30 s ahead of its end",
  recheckSeconds: '`RECHECK_SECONDS`; the first request after half of it asks Keycloak',
  keycloakBusy:
    'share of its processors that Keycloak may use at the peak: its guide asks for 150 % head-room',
  coresPerKeycloak: 'processors of one Keycloak',
  replicaBusy: 'share of its core that a replica may use: `averageUtilization` in deploy/kubernetes',
  activeUsersPerReplica: 'as many tokens (`MAX_CACHED_TOKENS`) and sessions as a replica keeps in memory',
  redisSpare: 'memory for Redis ÷ what its keys take: fragments, and copies while it writes its file anew',
  usersPerCell: 'most users of one Keycloak cluster, see [where this ends](#where-this-ends)',
};

/** Puts what was measured, and what it comes to, between the marks in docs/sizing.md. */
export function writeSizing(results: Results): void {
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(PAGE, toSizingPage(page, results));
}

/** The page with its tables as they follow from the results. What was not measured is marked. */
export function toSizingPage(page: string, results: Results): string {
  const inputs = INPUTS.map((input) => ({ input, measured: findMeasured(input, results) }));
  const costs = Object.fromEntries(
    inputs.map(({ input, measured }) => [input.name, (measured ?? input.until?.[0] ?? 0) * input.unit.scale]),
  ) as unknown as Costs;
  const sections = {
    costs: toCostTable(inputs),
    assumptions: toAssumptionTable(),
    sizes: toSizeTable(costs),
  };
  return Object.entries(sections).reduce((text, [name, table]) => {
    const [start, end] = [`<!-- ${name}: written by npm run bench -->\n`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/sizing.md has no place for ${name}`);
    return `${text.slice(0, from + start.length)}${table}\n${text.slice(to)}`;
  }, page);
}

function findMeasured({ from }: Input, results: Results): number | undefined {
  if (typeof from !== 'string') return from(results);
  const figures = Object.values(results.figures).flat();
  return figures.find(({ values }) => values?.[from] !== undefined)?.values?.[from];
}

function toCostTable(inputs: readonly { input: Input; measured: number | undefined }[]): string {
  const rows = inputs.map(({ input: { name, what, unit, command, until }, measured }) => [
    `\`${name}\``,
    what,
    `${format(measured ?? until?.[0] ?? 0, unit.digits)} ${unit.name}`,
    measured === undefined ? `**not measured**: ${until?.[1]}. By \`${command}\`` : `\`${command}\``,
  ]);
  return toTable(['cost', 'of', 'measured', 'command'], rows);
}

function toAssumptionTable(): string {
  return toTable(
    ['assumption', 'value', 'meaning'],
    Object.entries(ASSUMPTIONS).map(([name, value]) => [
      `\`${name}\``,
      format(value, 2),
      MEANINGS[name as keyof Assumptions],
    ]),
  );
}

function toSizeTable(costs: Costs): string {
  const sizes = USERS.map((users) => sizeFor(users, costs));
  const row = (label: string, read: (size: Size) => string) => [label, ...sizes.map(read)];
  const whole = (value: number) => format(value, value < 1 ? 2 : value < 10 ? 1 : 0);
  return toTable(
    ['signed-in users', ...USERS.map((users) => format(users, 0))],
    [
      row('cells', ({ cells }) => whole(cells)),
      row('active users', ({ activeUsers }) => format(activeUsers, 0)),
      row('requests a second', ({ requests }) => format(requests, 0)),
      row('logins a second', ({ logins }) => whole(logins)),
      row('refreshes a second', ({ refreshes }) => whole(refreshes)),
      row('checks a second, a user at one replica', ({ checks }) => whole(checks)),
      row('checks a second, replicas in turn', ({ checksInTurn }) => whole(checksInTurn)),
      row('Keycloak, busy cores: logins + refreshes + checks', ({ keycloakCores: cores }) =>
        [cores.logins, cores.refreshes, cores.checks].map(whole).join(' + '),
      ),
      row(
        '**Keycloaks** of four cores, a user at one replica',
        ({ keycloaks }) => `**${format(keycloaks, 0)}**`,
      ),
      row('Keycloaks, replicas in turn', ({ keycloaksInTurn }) => format(keycloaksInTurn, 0)),
      row('Keycloaks, `RECHECK_SECONDS=120`', ({ keycloaksRare }) => format(keycloaksRare, 0)),
      row('Keycloaks, `TOKEN_CHECK=local`', ({ keycloaksLocal }) => format(keycloaksLocal, 0)),
      row('all log in again, Keycloak doing nothing else', ({ secondsToLogAllIn: seconds }) =>
        seconds < 120 ? `${format(seconds, 0)} s` : `${format(seconds / 60, 0)} min`,
      ),
      row('database, writes a second (quoted)', ({ database }) => format(database.writes, 0)),
      row('database, busy cores (quoted)', ({ database }) => database.cores.map(whole).join('–')),
      row('service, busy cores', ({ serviceCores }) => whole(serviceCores)),
      row('**replicas** of one core', ({ replicas }) => `**${format(replicas, 0)}**`),
      row('**Redis**, memory', ({ redisBytes }) => `**${toBytes(redisBytes)}**`),
      row('Redis, commands a second', ({ redisCommands }) => format(redisCommands, 0)),
      row('Redis, busy cores', ({ redisCores }) => format(redisCores, 2)),
    ],
  );
}

function toBytes(bytes: number): string {
  const [scale, unit] = bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${format(bytes / scale, bytes / scale < 10 ? 1 : 0)} ${unit}`;
}

const format = (value: number, digits: number) =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits });

/** Heads of columns with numbers. */
const RIGHT = /^(measured|value|[\d,]+)$/;

function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    '',
    line(head),
    line(head.map((name) => (RIGHT.test(name) ? '--:' : '---'))),
    ...rows.map(line),
    '',
  ].join('\n');
}
