import { toPlainLine } from '../terminal/style.ts';
import type { Analysis } from './analyse.ts';
import { type CallersReport, toVerdictLine } from './callers.ts';
import { count } from './count.ts';
import { DIFFERENCES, type DifferenceId, type Finding } from './finding.ts';
import { type MoveState, nextSteps } from './next-steps.ts';

/** The report as Markdown, for a pull request. */
export function toMarkdown(
  analysis: Analysis,
  callers: CallersReport | undefined,
  state: MoveState = {},
): string {
  const { packages, findings, unread } = analysis;
  return [
    `# From ${packages.join(' and ')} to keycloak-guard`,
    '',
    toHeadline(analysis),
    ...section(
      'To change by hand',
      blockedOf(findings).map((one) => `- [ ] ${where(one)} ${code(one.use)}: ${one.blocked}`),
    ),
    ...section(
      'To look at',
      remarkedOf(findings).map((one) => `- [ ] ${where(one)} ${code(one.use)}: ${one.remark}`),
    ),
    ...section(
      'What will be different',
      differencesOf(findings).flatMap(([id, places]) => toDifference(id, places)),
    ),
    ...(callers === undefined ? [] : section('Who calls', toCallers(callers))),
    ...section('Every use', [
      '| where | use | with the drop-in | later, with the adapter itself |',
      '| --- | --- | --- | --- |',
      ...findings.map(
        (one) =>
          `| ${where(one).replaceAll('|', '\\|')} | ${cell(one.use)} | ${toDropIn(one)} | ${toNative(one)} |`,
      ),
    ]),
    ...section(
      'Not read',
      unread.map((file) => `- ${whyUnread(tick(file))}`),
    ),
    ...section(
      'Next',
      nextSteps(analysis, callers, state).map((step, at) => `${at + 1}. ${step}`),
    ),
    '',
  ].join('\n');
}

const toDropIn = ({ blocked, dropIn }: Finding): string =>
  blocked !== null ? 'by hand' : dropIn === null ? 'as it is' : cell(dropIn);
const toNative = ({ native }: Finding): string => (native === null ? '–' : cell(native));

/** How much there is to do, in one sentence. */
export function toHeadline({ packages, findings, unread }: Analysis): string {
  const files = new Set(findings.map(({ file }) => file)).size;
  const blocked = blockedOf(findings).length;
  const uses = `${count(findings.length, 'use')} of ${packages.join(' and ')} in ${count(files, 'file')}.`;
  const left = [
    ...(blocked > 0 ? [`${blocked} must be changed by hand.`] : []),
    ...(unread.length > 0 ? [`${count(unread.length, 'file')} could not be read.`] : []),
  ];
  return [uses, ...(left.length === 0 ? ['Nothing must be changed by hand.'] : left)].join(' ');
}

export const blockedOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ blocked }) => blocked !== null);
/** Without those that must be changed anyway. */
export const remarkedOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ blocked, remark }) => blocked === null && remark !== null);

/** The differences that apply, in the order of `DIFFERENCES`. */
export function differencesOf(findings: readonly Finding[]): [DifferenceId, readonly Finding[]][] {
  return (Object.keys(DIFFERENCES) as DifferenceId[])
    .map((id): [DifferenceId, Finding[]] => [id, findings.filter(({ differs }) => differs.includes(id))])
    .filter(([, places]) => places.length > 0);
}

function toDifference(id: DifferenceId, places: readonly Finding[]): string[] {
  const { title, why, wayOut } = DIFFERENCES[id];
  const shown = places.slice(0, MOST_PLACES).map(where);
  const more = places.length > MOST_PLACES ? `, and ${places.length - MOST_PLACES} more` : '';
  return [`- **${title}.** ${why} ${wayOut} (${shown.join(', ')}${more})`];
}

const MOST_PLACES = 5;

function toCallers(report: CallersReport): string[] {
  const { clientId, callers } = report;
  return [
    `Which clients get tokens that \`${clientId}\` accepts once the audience is checked:`,
    '',
    '| client | its tokens | |',
    '| --- | --- | --- |',
    ...callers.map(({ client, verdict, seen }) =>
      toPlainLine(
        `| ${tick(client).replaceAll('|', '\\|')} | ${seen.replaceAll('|', '\\|')} | ${IN_WORDS[verdict]} |`,
      ),
    ),
    '',
    toVerdictLine(report),
  ];
}

const IN_WORDS = { in: 'gets in', some: '**only some users get in**', out: '**would be refused**' } as const;

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
}

/** Why a file is not examined. */
export const whyUnread = (file: string): string =>
  `${file} is not ${/\.json`?$/.test(file) ? 'JSON' : 'JavaScript or TypeScript that can be parsed'}`;
export const placeOf = ({ file, line }: Finding): string => `${file}:${line}`;
const LONGEST_USE = 90;
export const short = (text: string): string =>
  text.length > LONGEST_USE ? `${text.slice(0, LONGEST_USE - 1)}…` : text;
/** A backtick would end the code. */
const tick = (text: string): string => `\`${text.replaceAll('`', 'ʼ')}\``;
const where = (one: Finding): string => tick(placeOf(one));
/** Code in a table cell: a bar would end the cell. */
const code = (text: string): string => tick(short(text));
const cell = (text: string): string => code(text).replaceAll('|', '\\|');
