import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from '../../../test/runtimes/checks.ts';
import type { Runtime } from './runtimes.ts';

/** How it went on a runtime. */
export interface Result {
  readonly runtime: Runtime;
  readonly version: string;
  /** Number of checks, by adapter. */
  readonly passed: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

const ALL = Object.keys(CHECKS).length;
const START = '<!-- npm run test:runtimes -- --write -->\n';
const END = '\n<!-- end -->';

export function toTable(results: readonly Result[]): string {
  const rows = results.map(({ runtime, version, passed }) => {
    const of = (adapter: string) => `${passed[adapter] ?? 0} of ${ALL}`;
    return `| ${runtime.name} | ${version} | ${of('fetch')} | ${of('hono')} | ${runtime.needs} |`;
  });
  return ['| runtime | version | `fetch` | `hono` | needs |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** Puts the table into docs/install.md. */
export function writeTable(root: string, results: readonly Result[]): void {
  const file = join(root, 'docs/install.md');
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(START) + START.length, text.indexOf(END)];
  writeFileSync(file, text.slice(0, from) + toTable(results) + text.slice(to));
}
