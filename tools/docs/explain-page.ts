// Writes the codes of docs/errors.md into packages/cli/explain.txt, and docs/explain.md from that: `npm run docs`. A test fails while
// one of them is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadRules } from '../../packages/cli/src/doctor/explain.ts';
import { readErrors } from '../site/error-pages.ts';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const CODES = /(?<=^## Codes of keycloak-guard\n.*\n\n)[\s\S]*?(?=\n## )/m;

/** The rules of the codes, as they stand in the file. */
export const codesIn = (rules: string): string => CODES.exec(rules)?.[0] ?? '';

/** A rule for each code of docs/errors.md: as a refusal, as a notice or both. */
export function codeRules(): string {
  const { entries, notices, causes } = readErrors(readFileSync(file('docs/errors.md'), 'utf8'));
  const rules = [...new Set([...entries.keys(), ...notices.keys()])].map((code) => {
    const entry = entries.get(code);
    const notice = notices.get(code);
    const mends = causes.get(code)?.map(({ cause, mend }) => `${cause}: ${mend}.`) ?? [entry?.mend];
    const fix =
      entry !== undefined ? mends.join(' ') : notice?.level === 'info' ? FOR_INFORMATION : FIX_OF_NOTICE;
    const happened = entry?.happened.replace(/^It /, 'The token ') ?? '';
    const told = notice?.text ?? '';
    const cause = happened && told ? `${happened} As a notice: ${told}` : happened || told;
    return [
      `${code}  own anywhere`,
      toText(cause),
      toText(fix),
      `= refused: \\d{3} ${code},`,
      // Words of other programs, too.
      `? \\(${code}\\)|"code": ?"${code}"`,
    ];
  });
  return rules.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

const FIX_OF_NOTICE = "Do what 'fix' says, or the end of the line; the lines around it say why.";
const FOR_INFORMATION = 'Nothing: it is for your information.';

/** Without the marks of Markdown. */
const toText = (markdown: string): string =>
  markdown.replace(/\[([^\]]*)\]\(([^)]*)\)/g, '$1 (docs/$2)').replaceAll('`', '');

/** The rules as a page: a heading for each part of the file, below it one for each rule; those of the codes are another page. */
export function explainPage(): string {
  const sections = readFileSync(file('packages/cli/explain.txt'), 'utf8').split(/^## /m).slice(1);
  const parts = sections.flatMap((section) => {
    const [title = '', ...lines] = section.split('\n');
    const starts = new Set(
      lines.filter((line) => /^[\w-]+ https:/.test(line)).map((line) => line.split(' ')[0]),
    );
    const rules = loadRules().rules.filter(({ id }) => starts.has(id));
    return rules.length === 0 ? [] : [`## ${title}\n\n${rules.map(toMarkdownText).join('\n\n')}`];
  });
  return `# What an error means

Errors of libraries, proxies, browsers and Keycloak, with their causes and mends. \`npx keycloak-guard doctor --explain\` finds the right
one for a pasted line ([the doctor](doctor.md#what-does-this-line-mean---explain)); \`explain.<name>\` in its report is the name here.

<!-- made from packages/cli/explain.txt: npm run docs -->

${parts.join('\n\n')}
`;
}

function toMarkdownText({ id, cause, fix, source }: ReturnType<typeof loadRules>['rules'][number]): string {
  return `### ${id}\n\n${toMarkdown(cause)}\n\n**Do:** ${toMarkdown(fix)}\n\n[More](${source})`;
}

/** Angle brackets would be HTML, and asterisks emphasis. */
const toMarkdown = (text: string): string => text.replace(/[<>*_[\]]/g, '\\$&');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rules = readFileSync(file('packages/cli/explain.txt'), 'utf8');
  writeFileSync(file('packages/cli/explain.txt'), rules.replace(CODES, codeRules));
  writeFileSync(file('docs/explain.md'), explainPage());
}
