import { type Output, toPlainLine } from '@keycloak-guard/cli/unstable';
import type { Analysis } from './analyse.ts';
import { type CallersReport, toVerdictLine } from './callers.ts';
import { DIFFERENCES, type DifferenceId, type Finding } from './finding.ts';
import { REPLACEMENTS } from './imports.ts';
import type { PackageManager } from './manifests.ts';

/** `1 file`, `2 files`. */
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Whether the files are changed already, and how the project installs. */
export interface MoveState {
  readonly isWritten?: boolean;
  readonly packageManager?: PackageManager;
}

/** The steps from here, in order; those in Keycloak name the administrator. Markdown. */
function nextSteps(
  { findings, edits, unread }: Analysis,
  callers: CallersReport | undefined,
  { isWritten = false, packageManager = 'npm' }: MoveState = {},
): string[] {
  const hasBlocked = findings.some(({ blocked }) => blocked !== null);
  const checksAudience = findings.some(({ differs }) =>
    differs.some((id) => id === 'audience' || id === 'nest-audience'),
  );
  const files = new Set(edits.map(({ file }) => file)).size;
  const imports =
    edits.length === 0 ? '' : `${count(edits.length, 'import')} in ${count(files, 'file')} and `;
  return [
    ...(unread.length > 0 ? ['Correct the files that could not be read, and run this command again.'] : []),
    ...(hasBlocked ? ['Change the places that are listed under "To change by hand".'] : []),
    ...(isWritten
      ? []
      : [
          `\`npx @keycloak-guard/connect migrate --write --packages <folder>\` changes ${imports}\`package.json\` to the drop-in, and nothing else; the folder is where \`npm run pack\` of the clone has put the archives. \`--report move.md\` writes the whole list for the pull request.`,
        ]),
    `Install it: \`${packageManager} install\`, for \`package.json\` then names the archive.`,
    'Start the application and run its tests. Sessions stay: they have the same key.',
    ...(checksAudience && callers === undefined
      ? [
          'Ask an administrator of the realm to run `npx @keycloak-guard/connect migrate --url … --realm … --client-id … --admin-user …`: it shows which clients need an audience mapper.',
        ]
      : []),
    ...(callers?.mend === undefined
      ? []
      : ['Ask an administrator of the realm to add the audience mappers (above).']),
    'Later, if you like: replace the drop-in by the adapter of your framework. Both work in one application.',
  ];
}

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
function toHeadline({ packages, findings, unread }: Analysis): string {
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
const remarkedOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ blocked, remark }) => blocked === null && remark !== null);

/** The differences that apply, in the order of `DIFFERENCES`. */
function differencesOf(findings: readonly Finding[]): [DifferenceId, readonly Finding[]][] {
  return (Object.keys(DIFFERENCES) as DifferenceId[])
    .map((id): [DifferenceId, Finding[]] => [id, findings.filter(({ differs }) => differs.includes(id))])
    .filter(([, places]) => places.length > 0);
}

function toDifference(id: DifferenceId, places: readonly Finding[]): string[] {
  const { title, why, wayOut } = DIFFERENCES[id];
  const listed = places.slice(0, MOST_PLACES).map(where);
  const more = places.length > MOST_PLACES ? `, and ${places.length - MOST_PLACES} more` : '';
  return [`- **${title}.** ${why} ${wayOut} (${listed.join(', ')}${more})`];
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
const whyUnread = (file: string): string =>
  `${file} is not ${/\.json`?$/.test(file) ? 'JSON' : 'JavaScript or TypeScript that can be parsed'}`;
const locationOf = ({ file, line }: Finding): string => `${file}:${line}`;
const LONGEST_USE = 90;
const short = (text: string): string =>
  text.length > LONGEST_USE ? `${text.slice(0, LONGEST_USE - 1)}…` : text;
/** A backtick would end the code. */
const tick = (text: string): string => `\`${text.replaceAll('`', 'ʼ')}\``;
const where = (one: Finding): string => tick(locationOf(one));
/** Code in a table cell: a bar would end the cell. */
const code = (text: string): string => tick(short(text));
const cell = (text: string): string => code(text).replaceAll('|', '\\|');

/** Prints the result for people: the amount of work, its places, and the next steps. */
export function show(
  out: Output,
  analysis: Analysis,
  callers: CallersReport | undefined,
  { withUses, ...state }: MoveState & { readonly withUses: boolean },
): void {
  const { packages, findings, unread } = analysis;
  if (packages.length === 0) {
    const whole = unread.length === 0 ? 'Nothing here' : 'Nothing that could be read';
    out.line(`${whole} uses ${Object.keys(REPLACEMENTS).join(' or ')}.`);
    for (const file of unread) out.line(`✗ ${whyUnread(file)}`);
    if (callers !== undefined) showCallers(out, callers);
    return;
  }
  const title = (text: string) => out.line(`\n${out.paint('bold', text)}`);
  const list = (heading: string, mark: string, ones: readonly Finding[], what: 'blocked' | 'remark') => {
    if (ones.length > 0) title(heading);
    for (const one of ones)
      out.line(`${mark} ${locationOf(one)}  ${short(one.use)}\n  ${plain(one[what] ?? '')}`);
  };
  out.line(toHeadline(analysis));
  if (withUses) for (const one of findings) out.line(toUse(one));
  list('To change by hand', '✗', blockedOf(findings), 'blocked');
  for (const file of unread) out.line(`✗ ${whyUnread(file)}`);
  list('To look at', '!', remarkedOf(findings), 'remark');
  const differences = differencesOf(findings);
  if (differences.length > 0) title('What will be different');
  for (const [id, places] of differences) {
    const { title: what, wayOut } = DIFFERENCES[id];
    out.line(`- ${what} (${count(places.length, 'place')}). ${plain(wayOut)}`);
  }
  if (callers !== undefined) showCallers(out, callers);
  title('Next');
  nextSteps(analysis, callers, state).forEach((step, at) => {
    out.line(`${at + 1}. ${plain(step)}`);
  });
}

function showCallers(out: Output, report: CallersReport): void {
  out.line(`\n${out.paint('bold', `Who gets tokens for ${report.clientId}`)}`);
  for (const { client, verdict, seen } of report.callers)
    out.line(toPlainLine(`${MARKS[verdict]} ${client}: ${plain(seen)}`));
  out.line(plain(toVerdictLine(report)));
}

const MARKS = { in: '✓', some: '!', out: '✗' } as const;

const plain = (text: string): string => text.replaceAll('`', '');

function toUse(one: Finding): string {
  const what = one.blocked !== null ? '  ✗' : one.native === null ? '' : `  →  ${one.native}`;
  return `${locationOf(one)}  ${short(one.use)}${what}`;
}
