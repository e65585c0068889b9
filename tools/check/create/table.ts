import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CHECKS = [
  'install',
  'types',
  'tests',
  'build',
  'start',
  'token',
  'browser',
  'between',
  'dev',
] as const;
export type Check = (typeof CHECKS)[number];

/** How it went with a template, or with a recipe. */
export interface Result {
  /** For example `express`, `bearer`, `ts`. */
  readonly row: readonly [template: string, login: string, language: string];
  /** Seconds of each check that passed. */
  readonly done: Readonly<Partial<Record<Check, number>>>;
  readonly failures: readonly string[];
}

const START = '<!-- npm run test:create -- --write -->\n';
const END = '\n<!-- end -->';

/** Columns of the templates; no shared cache stands before them. */
const OF_TEMPLATES = CHECKS.filter((check) => check !== 'between');

export function toTable(results: readonly Result[], checks: readonly Check[] = OF_TEMPLATES): string {
  const day = new Date().toISOString().slice(0, 10);
  const rows = results.map(({ row, done, failures }) => {
    const cells = checks.map((check) => {
      if (failures.some((failure) => failure.includes(`: ${check}: `))) return 'failed';
      return done[check] === undefined ? '' : `${done[check].toFixed(0)} s`;
    });
    return `| ${[...row, ...cells, day].join(' | ')} |`;
  });
  const head = ['template', 'login', 'language', ...checks, 'day'];
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n');
}

/** Puts the rows into docs/create.md; those of templates that did not run this time stay as they are. */
export function writeTable(root: string, results: readonly Result[]): void {
  const file = join(root, 'docs/create.md');
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(START) + START.length, text.indexOf(END)];
  const keyOf = (row: string) => row.split('|').slice(1, 4).join('|');
  const rows = new Map(
    [text.slice(from, to), toTable(results)].flatMap((table) =>
      table.split('\n').map((row) => [keyOf(row), row] as const),
    ),
  );
  writeFileSync(file, text.slice(0, from) + [...rows.values()].join('\n') + text.slice(to));
}
