import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const PAGE = fileURLToPath(new URL('../../lab/reliability/RESULTS.md', import.meta.url));

/** What the numbers were measured on. */
export const MACHINE = `Node.js ${process.version}, ${availableParallelism()} cores, ${process.platform} ${process.arch}`;

/** Puts a section between its markers in lab/reliability/RESULTS.md, with the command that makes it again. */
export function writeSection(name: string, command: string, text: string): void {
  const [start, end] = [`<!-- ${name}: written by the command -->`, `<!-- end of ${name} -->`];
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`lab/reliability/RESULTS.md has no place for ${name}`);
  const section = `\n\`\`\`\n${command}\n\`\`\`\n\n${text.trim()}\n\n${MACHINE}.\n`;
  writeFileSync(PAGE, page.slice(0, from + start.length) + section + page.slice(to));
}
