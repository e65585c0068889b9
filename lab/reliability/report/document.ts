import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MACHINE, writeSection } from '../section.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** What a part found. */
export interface Report {
  readonly part: string;
  /** For `lab/reliability/results/<part>.json`. */
  readonly data: object;
  /** Markdown, without the heading. */
  readonly text: string;
  /** False: something was seen that must not be. */
  readonly isGood: boolean;
}

/** Puts a part's section between its markers in docs/reliability.md, and its numbers into results/. */
export function writeReport({ part, data, text }: Report, command: string): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    `${RESULTS}${part}.json`,
    `${JSON.stringify({ part, command, machine: MACHINE, date: new Date().toISOString().slice(0, 10), ...data }, null, 1)}\n`,
  );
  writeSection(part, command, text);
}

export function toTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(format).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function format(cell: string | number): string {
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell;
}
