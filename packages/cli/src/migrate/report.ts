import type { Analysis } from './analyse.ts';
import type { CallersReport } from './callers.ts';
import { DIFFERENCES, type DifferenceId, type Finding } from './finding.ts';
import { REPLACEMENTS } from './packages.ts';

/** The report as Markdown, for a pull request. */
export function toMarkdown(
  { packages, findings }: Analysis,
  unread: readonly string[],
  callers: CallersReport | undefined,
): string {
  const blocked = findings.filter((one) => one.blocked !== null);
  const differences = differencesOf(findings);
  return [
    `# From ${packages.join(' and ')} to keycloak-guard`,
    '',
    `${count(findings.length, 'use')} in ${count(new Set(findings.map(({ file }) => file)).size, 'file')}; ${blocked.length === 0 ? 'all of them work with the drop-in' : `${count(blocked.length, 'use')} to change by hand first`}.`,
    ...section(
      'To change by hand',
      blocked.map((one) => `- [ ] \`${placeOf(one)}\` ${code(one.use)}: ${one.blocked}`),
    ),
    ...section(
      'What will be different',
      differences.flatMap(([id, places]) => toDifference(id, places)),
    ),
    ...(callers === undefined ? [] : section('Who calls', toCallers(callers))),
    ...section('Every use', [
      '| where | use | with the drop-in | with the adapter itself |',
      '| --- | --- | --- | --- |',
      ...findings.map(
        (one) =>
          `| \`${placeOf(one)}\` | ${cell(one.use)} | ${one.blocked === null ? (one.dropIn === null ? 'as it is' : cell(one.dropIn)) : 'by hand'} | ${one.native === null ? '–' : cell(one.native)} |`,
      ),
    ]),
    ...section(
      'Not read',
      unread.map((file) => `- ${whyUnread(`\`${file}\``)}`),
    ),
    ...section('Next', [
      '1. `npx keycloak-guard migrate --write` changes the imports and `package.json`. Then install `keycloak-guard`, as `docs/install.md` in its repository says.',
      '2. Run your tests. Nobody is signed out: sessions are kept under the same key.',
      '3. Move to the adapter of your framework when it suits you: both can stand in one application.',
    ]),
    '',
  ].join('\n');
}

/** The report in a few lines, for a terminal. */
export function toSummary({ packages, findings }: Analysis): string[] {
  if (packages.length === 0) {
    return [`Nothing here uses ${Object.keys(REPLACEMENTS).join(' or ')}.`];
  }
  return findings.map(
    (one) =>
      `${placeOf(one)}  ${short(one.use)}${one.blocked === null ? (one.native === null ? '' : `  →  ${one.native}`) : `  ✗ ${one.blocked}`}`,
  );
}

/** The differences that apply, in the order of `DIFFERENCES`. */
export function differencesOf(findings: readonly Finding[]): [DifferenceId, readonly Finding[]][] {
  return (Object.keys(DIFFERENCES) as DifferenceId[])
    .map((id): [DifferenceId, Finding[]] => [id, findings.filter(({ differs }) => differs.includes(id))])
    .filter(([, places]) => places.length > 0);
}

function toDifference(id: DifferenceId, places: readonly Finding[]): string[] {
  const { title, why, wayOut } = DIFFERENCES[id];
  const shown = places.slice(0, MOST_PLACES).map((one) => `\`${placeOf(one)}\``);
  const more = places.length > MOST_PLACES ? `, and ${places.length - MOST_PLACES} more` : '';
  return [`- **${title}.** ${why} ${wayOut} (${shown.join(', ')}${more})`];
}

const MOST_PLACES = 5;

function toCallers({ clientId, callers, mend }: CallersReport): string[] {
  if (callers.length === 0) return ['No client of the realm could be looked at.'];
  return [
    `Which clients get tokens that \`${clientId}\` takes with the audience checked:`,
    '',
    '| client | its tokens | |',
    '| --- | --- | --- |',
    ...callers.map(
      ({ client, isIn, seen }) =>
        `| \`${client}\` | ${seen} | ${isIn ? 'gets in' : '**would be refused**'} |`,
    ),
    '',
    ...(mend === undefined ? ['Nobody is locked out.'] : [mend]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
}

/** Why a file is not examined. */
export const whyUnread = (file: string): string =>
  `${file} is not ${/\.json`?$/.test(file) ? 'JSON' : 'JavaScript or TypeScript that can be parsed'}`;
export const placeOf = ({ file, line }: Finding): string => `${file}:${line}`;
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const LONGEST_USE = 90;
export const short = (text: string): string =>
  text.length > LONGEST_USE ? `${text.slice(0, LONGEST_USE - 1)}…` : text;
/** Code in a table cell: a bar would end the cell, a backtick the code. */
const code = (text: string): string => `\`${short(text).replaceAll('`', 'ʼ')}\``;
const cell = (text: string): string => code(text).replaceAll('|', '\\|');
