// Writes docs/explain.md from packages/cli/explain.txt: `npm run docs`. A test fails while it is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadRules } from '../../packages/cli/src/doctor/explain.ts';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The rules as a page: a heading for each part of the file, below it one for each rule. */
export function explainPage(): string {
  const sections = readFileSync(file('packages/cli/explain.txt'), 'utf8').split(/^## /m).slice(1);
  const parts = sections.flatMap((section) => {
    const [title = '', ...lines] = section.split('\n');
    const starts = new Set(
      lines.filter((line) => /^[\w-]+ https:/.test(line)).map((line) => line.split(' ')[0]),
    );
    const rules = loadRules().rules.filter(({ id }) => starts.has(id));
    return rules.length === 0 ? [] : [`## ${title}\n\n${rules.map(toText).join('\n\n')}`];
  });
  return `# What an error means

Errors of libraries, proxies, browsers and Keycloak, with their causes and mends. \`npx keycloak-guard doctor --explain\` finds the right
one for a pasted line ([the doctor](doctor.md#what-does-this-line-mean---explain)); \`explain.<name>\` in its report is the name here.

<!-- made from packages/cli/explain.txt: npm run docs -->

${parts.join('\n\n')}
`;
}

function toText({ id, cause, fix, source }: ReturnType<typeof loadRules>['rules'][number]): string {
  return `### ${id}\n\n${toMarkdown(cause)}\n\n**Do:** ${toMarkdown(fix)}\n\n[More](${source})`;
}

/** Angle brackets would be HTML, and asterisks emphasis. */
const toMarkdown = (text: string): string => text.replace(/[<>*_[\]]/g, '\\$&');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file('docs/explain.md'), explainPage());
