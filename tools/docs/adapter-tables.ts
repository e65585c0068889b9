import { ADAPTERS, type AdapterEntry } from './adapters.ts';
import { OPTION_TABLES } from './options.ts';

type Room = NonNullable<AdapterEntry['room']>;

/** What has a page and no room is served by `fetch`. */
const served = ADAPTERS.flatMap(({ room, title }) => (room === undefined ? [title] : []));
const rooms = ADAPTERS.flatMap(({ room, title, ...rest }) => {
  if (room === undefined) return [];
  return [{ ...rest, ...room, title: room.name === 'fetch' ? [...served, title].join(', ') : title }];
});
const nameOf = ({ title, shortTitle }: AdapterEntry) =>
  shortTitle ?? (title.includes(',') ? title.replace(/ \d.*/, '') : title.replace(/ \d+$/, ''));
const folderOf = ({ example }: AdapterEntry) =>
  ['examples', ...example.app.split('/').slice(0, -1)].slice(0, 2).join('/');
const installOf = ({ npm }: Pick<Room, 'npm'>) =>
  npm === undefined
    ? ''
    : npm
        .split(', ')
        .filter((name) => !/microservices|websockets|rxjs/.test(name))
        .map((name) => `\`${name}\``)
        .join(', ');

/** Tables of the adapters, by page and by the name between their marks. */
export const TABLES: Readonly<Record<string, Readonly<Record<string, () => readonly string[]>>>> = {
  'packages/guard/README.md': {
    frameworks: () => rooms.map((one) => `\`keycloak-guard/${one.name}\` | ${one.title} | ${installOf(one)}`),
  },
  'docs/README.md': {
    frameworks: () =>
      ADAPTERS.map((one) => {
        const links = `[${nameOf(one)}](frameworks/${one.page}.md) | [${folderOf(one)}](../examples/${one.example.app})`;
        return `${one.title} | ${links}`;
      }),
  },
  'docs/library.md': {
    frameworks: () =>
      rooms.map(
        (one) =>
          `\`keycloak-guard/${one.name}\` | [${one.title.replaceAll('`', '')}](frameworks/${one.page}.md) | ${installOf(one)}`,
      ),
  },
  'ARCHITECTURE.md': {
    adapters: () =>
      rooms.map(({ name, title, about }) => `\`${name}/\` | ${title}: ${about} | \`keycloak-guard/${name}\``),
    imports: () => rooms.map(({ name, rooms: others, npm = 'none' }) => `${name} | ${others} | ${npm}`),
  },
};

export const PAGES_WITH_TABLES = [...new Set([TABLES, OPTION_TABLES].flatMap(Object.keys))];

const MARKED =
  /(<!-- from tools\/docs\/(?:adapters|options)\.ts: (\w+) -->\n\|.*\n\|.*\n)[\s\S]*?(<!-- \/\2 -->)/g;

/** @returns the text of a page with its tables up to date; the head of a table stays */
export function withTables(page: string, text: string): string {
  return text.replaceAll(MARKED, (_all, head: string, name: string, end: string) => {
    const rows = TABLES[page]?.[name] ?? OPTION_TABLES[page]?.[name];
    if (rows === undefined) throw new Error(`${page}: there is no table ${name}`);
    const lines = rows().map((row) => `| ${row}`.trimEnd().concat(' |\n'));
    return `${head}${lines.join('')}${end}`;
  });
}

/** The names of the tables that a page has. */
export function tablesOf(text: string): string[] {
  return [...text.matchAll(MARKED)].map(([, , name = '']) => name);
}
