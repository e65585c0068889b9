/** What a part found. */
export interface Report {
  readonly part: string;
  /** Markdown, without the heading. */
  readonly text: string;
  /** False: something was seen that must not be. */
  readonly isGood: boolean;
}

export function toTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(format).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function format(cell: string | number): string {
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell;
}
