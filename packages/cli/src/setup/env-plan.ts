import { isPlaceholder } from '@keycloak-guard/server';
import type { SetupGoal } from '../admin/index.ts';
import { writePrivateFile } from '../private-file.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import { compareEnv, type EnvChange, mergeEnv, readEnvText } from './env-file.ts';
import type { SetupOptions } from './options.ts';
import { envLine } from './show-plan.ts';

/** The settings of the service for a set-up. */
export function toSettings(
  serverUrl: string,
  goal: SetupGoal,
  secret: string | undefined,
): Record<string, string> {
  return {
    KEYCLOAK_SERVER_URL: serverUrl,
    KEYCLOAK_REALM: goal.realm,
    KEYCLOAK_CLIENT_ID: goal.clientId,
    ...(secret === undefined ? {} : { KEYCLOAK_CLIENT_SECRET: secret }),
  };
}

/** What has to change in the `.env` file; nothing when no file is wanted. */
export async function planEnv(options: SetupOptions, settings: Record<string, string>): Promise<EnvChange[]> {
  if (options.envFile === undefined) return [];
  const changes = compareEnv(await readEnvText(options.envFile), settings);
  // An address that differs by a slash at the end is the same address.
  return changes.filter(
    ({ name, from, to }) => name !== 'KEYCLOAK_SERVER_URL' || from?.replace(/\/+$/, '') !== to,
  );
}

/** Changes that would replace a value somebody wrote. */
export function conflictsOf(changes: readonly EnvChange[]): EnvChange[] {
  return changes.filter(({ from }) => from !== undefined && from !== '' && !isPlaceholder(from));
}

/**
 * Decides which values of the file may be replaced: none without being asked for.
 *
 * @throws {UsageError} when there is nobody to ask
 */
export async function askForConflicts(
  options: SetupOptions,
  changes: readonly EnvChange[],
  questions: Questions | undefined,
): Promise<ReadonlySet<string>> {
  const conflicts = conflictsOf(changes);
  if (options.overwriteEnv || conflicts.length === 0) return new Set(conflicts.map(({ name }) => name));
  if (questions === undefined) {
    throw new UsageError([
      `${options.envFile} has other values:`,
      ...conflicts.map((change) => `  ${envLine(change)}`),
      'Give --overwrite-env to replace them, or --env FILE to write another file. Nothing was changed.',
    ]);
  }
  const allowed = new Set<string>();
  for (const change of conflicts) {
    if (await questions.confirm(`${options.envFile} has another value. Replace ${envLine(change)}?`, false)) {
      allowed.add(change.name);
    }
  }
  return allowed;
}

/** Writes the file, mode 0600, with every other line as it was. */
export async function writeEnv(
  options: SetupOptions,
  settings: Record<string, string>,
  allowed: ReadonlySet<string>,
  out: Output,
): Promise<void> {
  if (options.envFile === undefined) return;
  const changes = await planEnv(options, settings);
  const kept = conflictsOf(changes).filter(({ name }) => !allowed.has(name));
  const write = changes.filter((change) => !kept.includes(change));
  for (const { name } of kept) out.line(`  ! ${options.envFile}: ${name} stays as it was`);
  if (write.length === 0) return;
  await writePrivateFile(options.envFile, mergeEnv(await readEnvText(options.envFile), write));
  out.line(`  ${out.paint('green', '✓')} wrote ${options.envFile} (readable by you alone)`);
}
