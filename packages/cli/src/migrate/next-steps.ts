import type { Analysis } from './analyse.ts';
import type { PackageManager } from './archive.ts';
import type { CallersReport } from './callers.ts';
import { count } from './count.ts';

/** What was done, and how the project installs. */
export interface MoveState {
  readonly isWritten?: boolean;
  readonly packageManager?: PackageManager;
}

/** The steps from here, in order; those in Keycloak name the administrator. Markdown. */
export function nextSteps(
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
          `\`npx keycloak-guard migrate --write --packages <folder>\` changes ${imports}\`package.json\` to the drop-in, and nothing else; the folder is that of the archives (\`docs/install.md\` in the repository). \`--report move.md\` writes the whole list for the pull request.`,
        ]),
    `Install it: \`${packageManager} install\`, for \`package.json\` then names the archive.`,
    'Start the application and run its tests. Sessions stay: they have the same key.',
    ...(checksAudience && callers === undefined
      ? [
          'Ask an administrator of the realm to run `npx keycloak-guard migrate --url … --realm … --client-id … --admin-user …`: it shows which clients need an audience mapper.',
        ]
      : []),
    ...(callers?.mend === undefined
      ? []
      : ['Ask an administrator of the realm to add the audience mappers (above).']),
    'Later, if you like: replace the drop-in by the adapter of your framework. Both work in one application.',
  ];
}
