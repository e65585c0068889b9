import { readFile } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import type { SetupGoal } from '../../admin/index.ts';
import type { Guards } from '../../source/guards.ts';
import type { Output } from '../../terminal/output.ts';
import { toShellWord } from '../../terminal/shell-word.ts';
import { toPlainLine } from '../../terminal/style.ts';

/** Says the next command: which programs read the file with the settings, and which do not. */
export async function sayNext(envFile: string | undefined, serverUrl: string, out: Output): Promise<void> {
  if (envFile === undefined) return out.line('Done.');
  const folder = dirname(envFile);
  if (relative('.', folder) !== '') {
    return out.line(
      `Done. Next, in ${toShellWord(folder)}: node --env-file=${toShellWord(basename(envFile))} <your program>`,
    );
  }
  if (!(await isClone())) {
    return out.line(`Done. Next: node --env-file=${toShellWord(envFile)} <your program>`);
  }
  out.line('Done. Next: npm start');
  out.line(
    `  From now on npm start uses ${serverUrl} here, and no built-in provider: without ${envFile} it does again.`,
  );
  out.line(
    '  An application in another folder does not read this file: setup --env ../shop/.env writes one there.',
  );
}

/** Whether this folder is a clone of the repository, where `npm start` is the guide's service. */
export async function isClone(): Promise<boolean> {
  const text = await readFile('package.json', 'utf8').catch(() => '');
  return /"name": "keycloak-guard-repository"/.test(text);
}

/** Says what guards name and setup does not make. */
export function sayNamed(named: Guards, { clientId }: Pick<SetupGoal, 'clientId'>, out: Output): void {
  const { organizations, permissions, audiences, unread } = named;
  const others = audiences.filter((one) => one !== clientId);
  const lines: [names: readonly string[], what: string][] = [
    [organizations, 'Organizations that guards name (setup tenant <name> --organization makes them)'],
    [permissions, 'Permissions that guards ask for (who has them stands in authz.json: setup --authz)'],
    [others, `Other APIs (setup audience ${toShellWord(clientId)} --client-id <api> gives tokens for one)`],
    [unread, 'Not read: only the running program knows what these require'],
  ];
  for (const [names, what] of lines)
    if (names.length > 0) out.line(toPlainLine(`${what}: ${names.join(', ')}`));
}
