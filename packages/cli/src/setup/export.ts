import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { toRealmFile } from '../admin/index.ts';
import { trimUrl } from '../keycloak/find-server.ts';
import { writePrivateFile } from '../private-file.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import { askForConflicts, planEnv, toSettings, writeEnv } from './env-plan.ts';
import type { SetupInput } from './goal.ts';
import type { SetupOptions } from './options.ts';

/** Writes the set-up as a realm file for `--import-realm`, and the `.env` that goes with it. Keycloak is not called. */
export async function exportRealm(
  input: SetupInput,
  options: SetupOptions & { exportFile: string },
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const secret = input.goal.clientSecret ?? randomBytes(24).toString('base64url');
  const goal = { ...input.goal, clientSecret: secret };
  if (goal.user !== undefined && goal.user.password === undefined) {
    throw new UsageError([
      'a user in a realm file needs a password: set SETUP_PASSWORD, or use --user-password-stdin',
    ]);
  }
  const settings = toSettings(trimUrl(input.serverUrl), goal, secret);
  const allowed = await askForConflicts(options, await planEnv(options, settings), questions);
  if (
    existsSync(options.exportFile) &&
    !options.yes &&
    !(await questions?.confirm(`Replace ${options.exportFile}?`, false))
  ) {
    throw new UsageError([`${options.exportFile} is there already: give --yes to replace it`]);
  }
  const text = `${JSON.stringify(toRealmFile(goal), null, 2)}\n`;
  if (options.dryRun) {
    out.line(`Dry run: would write ${options.exportFile}. Nothing was changed.`);
    return 0;
  }
  await writePrivateFile(options.exportFile, text);
  out.line(
    `  ${out.paint('green', '✓')} wrote ${options.exportFile} (holds the secret; readable by you alone)`,
  );
  await writeEnv(options, settings, allowed, out);
  out.line('Import it: copy it into data/import/ of Keycloak, then kc.sh start-dev --import-realm');
  return 0;
}
