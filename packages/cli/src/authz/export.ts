import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AdminConnection, readAuthz, toFile } from '../admin/index.ts';
import { nameWithTarget, writePrivateFile } from '../settings/private-file.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { toPlainJson, toPlainLine } from '../terminal/style.ts';
import type { AuthzOptions } from './options.ts';

/** Writes Keycloak's permissions to a file. Resolves to the exit code. */
export async function exportAuthz(
  api: AdminConnection['api'],
  { file, yes, realm, clientId }: AuthzOptions,
  out: Output,
  err: Output,
  questions: Questions | undefined,
): Promise<number> {
  const { model, foreign, isOn } = await readAuthz(api, realm, clientId);
  if (!isOn) throw new UsageError([`the client '${clientId}' has no authorization services yet`]);
  const text = `${toPlainJson(JSON.stringify(toFile(model), null, 2))}\n`;
  for (const [name, type] of foreign)
    err.line(
      `! ${toPlainLine(JSON.stringify(name))} (${type}) is not in it: a file cannot hold it, and apply leaves it alone`,
    );
  if (file === '-') {
    process.stdout.write(text);
    return 0;
  }
  const named = await nameWithTarget(file);
  if (existsSync(file)) {
    if ((await readFile(file, 'utf8')) === text) {
      out.line(`${file} is as Keycloak is: nothing to write.`);
      return 0;
    }
    if (!yes && !(await questions?.confirm(`Replace ${named}?`, false)))
      throw new UsageError([`${named} is there already: give --yes to replace it`]);
  }
  await writePrivateFile(file, text);
  out.line(`  ${out.paint('green', '✓')} wrote ${named}`);
  return 0;
}
