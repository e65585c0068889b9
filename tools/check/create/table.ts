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

/** Columns of the templates; no shared cache stands before them. */
const OF_TEMPLATES = CHECKS.filter((check) => check !== 'between');

export function toTable(results: readonly Result[], checks: readonly Check[] = OF_TEMPLATES): string {
  const rows = results.map(({ row, done, failures }) => {
    const cells = checks.map((check) => {
      if (failures.some((failure) => failure.includes(`: ${check}: `))) return 'failed';
      return done[check] === undefined ? '' : `${done[check].toFixed(0)} s`;
    });
    return `| ${[...row, ...cells].join(' | ')} |`;
  });
  const head = ['template', 'login', 'language', ...checks];
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...rows].join('\n');
}
