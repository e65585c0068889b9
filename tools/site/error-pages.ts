// A page for every code of docs/errors.md: what is sent is made by the library itself, the rest stands in docs/errors.md.
import { AUTH_ERRORS, AuthError, type AuthErrorCode } from '../../packages/guard/src/core/http/errors.ts';
import type { Page } from './page.ts';

interface Cause {
  readonly cause: string;
  readonly tell: string;
  readonly mend: string;
}
interface Notice {
  readonly level: string;
  readonly text: string;
}
/** What docs/errors.md says of a code. */
interface Entry {
  readonly happened: string;
  readonly mend: string;
  readonly section: string;
}

/** The tables of docs/errors.md. */
export function readErrors(text: string) {
  const entries = new Map<string, Entry>();
  const notices = new Map<string, Notice>();
  const causes = new Map<string, Cause[]>();
  let section = '';
  let code = '';
  for (const line of text.split('\n')) {
    const heading = /^(##+) (.+)$/.exec(line);
    if (heading?.[1] === '##') [section, code] = [heading[2] ?? '', ''];
    else if (heading !== null) code = heading[2]?.replaceAll('`', '') ?? '';
    const cells = line.startsWith('|')
      ? line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim())
      : [];
    const name = /^`(\w+)`$/.exec(cells[0] ?? '')?.[1];
    if (name !== undefined && cells.length === 4)
      entries.set(name, { happened: cells[2] ?? '', mend: cells[3] ?? '', section });
    else if (name !== undefined && cells.length === 3)
      notices.set(name, { level: cells[1] ?? '', text: cells[2] ?? '' });
    else if (code !== '' && cells.length === 3 && !/^(?:cause|-+)$/.test(cells[0] ?? '')) {
      const [cause = '', tell = '', mend = ''] = cells;
      causes.set(code, [...(causes.get(code) ?? []), { cause, tell, mend }]);
    }
  }
  return { entries, notices, causes };
}

export function errorPages(text: string): Pick<Page, 'path' | 'text'>[] {
  const { entries, notices, causes } = readErrors(text);
  return [...new Set([...entries.keys(), ...notices.keys()])].map((code) => {
    const entry = entries.get(code);
    const notice = notices.get(code);
    const parts = [
      `# ${code}`,
      (entry?.happened ?? notice?.text ?? '').replace(/^It /, 'The token '),
      ...(entry === undefined ? [] : refusal(code as AuthErrorCode, entry, causes.get(code))),
      ...(notice === undefined ? [] : noticeOf(notice, entry !== undefined)),
      `Next: [all codes](errors.md), [the doctor](doctor.md), which finds most causes by itself.`,
    ];
    return { path: `errors/${code}.md`, text: `${parts.join('\n\n')}\n` };
  });
}

function refusal(code: AuthErrorCode, { mend, section }: Entry, causes: readonly Cause[] = []): string[] {
  const { statusCode, headers, detail } = new AuthError(code, '');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const answer = [`HTTP/1.1 ${statusCode}`, ...lines, '', JSON.stringify({ detail })].join('\n');
  const list =
    causes.length === 0
      ? [`## What to do`, mend]
      : [
          '## Causes, the most frequent first',
          ['| # | cause | how to tell | mend |', '|--:|---|---|---|', ...causes.map(toRow)].join('\n'),
        ];
  return [
    '## What it says',
    'To the client (a route or a handler of yours may say it in another way):',
    `\`\`\`http\n${answer}\n\`\`\``,
    `To you: in development a line in the log, \`… was refused: ${statusCode} ${code}, …\`, with the reason and what to do; in production the code reaches \`onDenied\`, the audit log and metrics.`,
    ...list,
    '## How to tell',
    tellOf(code, section),
  ];
}

const toRow = ({ cause, tell, mend }: Cause, i: number): string =>
  `| ${i + 1} | ${cause} | ${tell} | ${mend} |`;

/** Which command shows the cause. */
function tellOf(code: AuthErrorCode, section: string): string {
  if (AUTH_ERRORS[code].statusCode >= 500)
    return '`npx keycloak-guard doctor` asks Keycloak the same things as the application and names what fails; `--running https://api.example.com` looks at the running application too.';
  if (/token|guard|key/i.test(section))
    return '`echo "$TOKEN" | npx keycloak-guard doctor --token -` reads the token, compares it with the settings and names the fix. For a route of yours in development, `explain: true` puts the reason into the answer.';
  return 'For a route of yours in development, `explain: true` puts the reason into the answer and into the header `x-auth-error`. `npx keycloak-guard doctor` checks the settings.';
}

const noticeOf = ({ level, text }: Notice, isError: boolean): string[] => [
  '## As a notice',
  isError
    ? `${text} Level: ${level}.`
    : `A message for the operator: it goes to \`onNotice\`, or to the log. Level: ${level}.`,
];
