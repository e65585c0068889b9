import { readFileSync, writeFileSync } from 'node:fs';
import { here } from '../processes.ts';
import { toBarChart } from '../report/chart.ts';
import type { Results } from '../report/results-file.ts';
import { ASSUMPTIONS, type Costs, type Size, sizeFor } from './model.ts';

const PAGE = here('../../docs/production.md');
const PICTURE = here('../../assets/sizing.svg');
const USERS = [100, 10_000, 1_000_000] as const;
/** Where the scale of the picture begins. */
const LEAST_CORES = 1e-4;
const START = '<!-- sizes: written by npm run bench -->\n';
const END = '<!-- end of sizes -->';

/** Name of the figure among the results, and the factor to seconds or bytes. */
const FIGURES: { readonly [name in keyof Costs]: readonly [figure: string, scale: number] } = {
  login: ['loginCpuMs', 1e-3],
  refresh: ['refreshCpuMs', 1e-3],
  check: ['introspectionCpuMs', 1e-3],
  request: ['many', 1e-6],
  newToken: ['unseen', 1e-6],
  sessionRead: ['sessionReadCpuMicros', 1e-6],
  serviceLogin: ['serviceLoginCpuMs', 1e-3],
  serviceRefresh: ['serviceRefreshCpuMs', 1e-3],
  redisRead: ['sessionReadRedisMicros', 1e-6],
  sessionBytes: ['sessionBytes', 1],
};

/** Writes the table of docs/production.md and its picture. */
export function writeSizing(results: Results): void {
  const { page, picture } = toSizingPage(readFileSync(PAGE, 'utf8'), results);
  writeFileSync(PAGE, page);
  writeFileSync(PICTURE, picture);
}

/** @throws Error for a figure that was not measured yet, with its name */
export function toSizingPage(page: string, results: Results): { page: string; picture: string } {
  const costs = toCosts(results);
  const sizes = USERS.map((users) => sizeFor(users, costs));
  const [from, to] = [page.indexOf(START), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('docs/production.md has no place for its table');
  return {
    page: `${page.slice(0, from + START.length)}${toTable(sizes)}\n${page.slice(to)}`,
    picture: toPicture(sizes),
  };
}

/** Active users that a replica with one core has room for, in hundreds. */
export function usersPerReplica(results: Results): number {
  const { activeUsers, serviceCores } = sizeFor(1_000_000, toCosts(results));
  const byProcessor = (activeUsers * ASSUMPTIONS.replicaBusy) / serviceCores;
  return Math.min(ASSUMPTIONS.activeUsersPerReplica, Math.floor(byProcessor / 100) * 100);
}

function toCosts(results: Results): Costs {
  return Object.fromEntries(
    Object.entries(FIGURES).map(([name, [figure, scale]]) => [name, findFigure(figure, results) * scale]),
  ) as unknown as Costs;
}

function findFigure(name: string, { measured, figures }: Results): number {
  const round = measured.find(({ contender, workload }) => contender === 'service' && workload === name);
  const figure = Object.values(figures)
    .flat()
    .find(({ values }) => values?.[name] !== undefined)?.values?.[name];
  const value = round?.cpuMicroseconds ?? figure;
  if (value === undefined) throw new Error(`${name} was not measured: npm run bench`);
  return value;
}

function toTable(sizes: readonly Size[]): string {
  const row = (label: string, read: (size: Size) => string) => [label, ...sizes.map(read)];
  const rows = [
    row('requests a second', ({ requests }) => format(requests)),
    row('logins a second', ({ logins }) => format(logins)),
    row('**Keycloaks** with four cores', ({ keycloaks }) => `**${format(keycloaks)}**`),
    row('Keycloaks with `TOKEN_CHECK=local`', ({ keycloaksLocal }) => format(keycloaksLocal)),
    row('Keycloaks with `KEYCLOAK_EVENTS=on`', ({ withEvents }) => format(withEvents.keycloaks)),
    row('**replicas** with one core', ({ replicas }) => `**${format(replicas)}**`),
    row('**Redis**, memory', ({ redisBytes }) => `**${format(redisBytes / 1e6)} MB**`),
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = ['signed-in users', ...USERS.map((users) => format(users))];
  return ['', line(head), '| --- | --: | --: | --: |', ...rows.map(line), ''].join('\n');
}

function toPicture(sizes: readonly Size[]): string {
  const bars = sizes.flatMap(({ keycloakCores, withEvents, serviceCores, redisCores, checks }, i) => {
    const keycloak = keycloakCores.logins + keycloakCores.refreshes + keycloakCores.checks;
    const bar = (label: string, value: number, note = '', isOurs = false) => ({
      ...{ label, value, isOurs, text: `${value < 0.001 ? 'under 0.001' : value.toPrecision(2)}${note}` },
    });
    const asked = (times: number) => `; ${format(times)} questions a second`;
    return [
      {
        ...bar('Keycloak', keycloak, asked(checks)),
        heading: `${format(USERS[i] as number)} signed-in users`,
      },
      bar('Keycloak with events', withEvents.keycloakCores, asked(withEvents.checks)),
      bar('this service', serviceCores, '', true),
      bar('Redis', redisCores),
    ];
  });
  return toBarChart(
    'What a hundred, ten thousand and a million users need',
    'busy cores at the peak, by measured costs, on a logarithmic scale',
    bars,
    LEAST_CORES,
  );
}

const format = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0 });
