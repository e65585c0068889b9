import { toPlainLine } from '@keycloak-guard/cli/unstable';
import type { Analysis } from './analyse.ts';
import { type CallersReport, toVerdictLine } from './callers.ts';
import { DIFFERENCES, type DifferenceId, type Finding } from './finding.ts';
import { REPLACEMENTS } from './imports.ts';

/** `1 file`, `2 files`. */
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** The steps from here, in order; those in Keycloak name the administrator. Markdown. */
function nextSteps(
  { findings, edits, unread }: Analysis,
  callers: CallersReport | undefined,
  isWritten: boolean,
): string[] {
  const checksAudience = findings.some(({ differs }) =>
    differs.some((id) => id === 'audience' || id === 'nest-audience'),
  );
  const files = new Set(edits.map(({ file }) => file)).size;
  const imports =
    edits.length === 0 ? '' : `${count(edits.length, 'import')} in ${count(files, 'file')} and `;
  return [
    ...(unread.length > 0 ? ['Correct the files that could not be read, and run this command again.'] : []),
    ...(blockedOf(findings).length > 0
      ? ['Change the places that are listed under "To change by hand".']
      : []),
    ...(isWritten
      ? []
      : [
          `\`npx @keycloak-guard/connect migrate --write <folder>\` changes ${imports}\`package.json\` to the drop-in, and nothing else; the folder is where \`npm run pack\` of the clone has put the archives.`,
        ]),
    'Install it as usual, for example by `npm install`: `package.json` then names the archive.',
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

/**
 * The report as Markdown, for the terminal and for a pull request.
 *
 * @param isWritten whether the files are changed already
 */
export function toMarkdown(
  analysis: Analysis,
  callers: CallersReport | undefined,
  isWritten = false,
): string {
  const { packages, findings, unread } = analysis;
  const who = callers === undefined ? [] : section('Who calls', toCallers(callers));
  const notRead = section(
    'Not read',
    unread.map((file) => `- ${whyUnread(tick(file))}`),
  );
  if (packages.length === 0) {
    const whole = unread.length === 0 ? 'Nothing here' : 'Nothing that could be read';
    return [`${whole} uses ${Object.keys(REPLACEMENTS).join(' or ')}.`, ...notRead, ...who, ''].join('\n');
  }
  return [
    `# From ${packages.join(' and ')} to keycloak-guard`,
    '',
    toHeadline(analysis),
    ...section('To change by hand', toList(blockedOf(findings), 'blocked')),
    ...notRead,
    ...section(
      'To look at',
      toList(
        findings.filter(({ blocked }) => blocked === null),
        'remark',
      ),
    ),
    ...section('What will be different', differencesOf(findings)),
    ...who,
    ...section(
      'Next',
      nextSteps(analysis, callers, isWritten).map((step, at) => `${at + 1}. ${step}`),
    ),
    '',
  ].join('\n');
}

const toList = (findings: readonly Finding[], what: 'blocked' | 'remark'): string[] =>
  findings
    .filter((one) => one[what] !== null)
    .map((one) => `- [ ] ${where(one)} ${tick(short(one.use))}: ${one[what]}`);

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

const MOST_PLACES = 5;

/** The differences that apply, in the order of `DIFFERENCES`. */
function differencesOf(findings: readonly Finding[]): string[] {
  return (Object.keys(DIFFERENCES) as DifferenceId[]).flatMap((id) => {
    const places = findings.filter(({ differs }) => differs.includes(id));
    if (places.length === 0) return [];
    const { title, why, wayOut } = DIFFERENCES[id];
    const listed = places.slice(0, MOST_PLACES).map(where);
    const more = places.length > MOST_PLACES ? `, and ${places.length - MOST_PLACES} more` : '';
    return [`- **${title}.** ${why} ${wayOut} (${listed.join(', ')}${more})`];
  });
}

function toCallers(report: CallersReport): string[] {
  const { clientId, callers } = report;
  return [
    `Which clients get tokens that \`${clientId}\` accepts once the audience is checked:`,
    '',
    ...callers.map(({ client, verdict, seen }) =>
      toPlainLine(`- ${IN_WORDS[verdict]}: ${tick(client)}, ${seen}`),
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
const LONGEST_USE = 90;
const short = (text: string): string =>
  text.length > LONGEST_USE ? `${text.slice(0, LONGEST_USE - 1)}…` : text;
/** A backtick would end the code. */
const tick = (text: string): string => `\`${text.replaceAll('`', 'ʼ')}\``;
const where = ({ file, line }: Finding): string => tick(`${file}:${line}`);
