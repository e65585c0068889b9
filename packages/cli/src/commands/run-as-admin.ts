import { AdminError } from '../admin/index.ts';
import { explainAdminError } from '../keycloak/diagnose.ts';
import { UsageError } from '../settings/usage-error.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { Cancelled } from '../terminal/questions.ts';

/**
 * Says why a person's mistake, or Ctrl-C, ended a command that changes Keycloak.
 *
 * @returns the exit code; `undefined` for every other error
 */
export function reportEarlyEnd(command: string, error: unknown, err: Output): number | undefined {
  if (error instanceof UsageError) {
    for (const problem of error.problems) err.line(`${command}: ${problem}`);
    return 2;
  }
  if (!(error instanceof Cancelled)) return undefined;
  err.line(`${command}: cancelled, nothing more was changed`);
  return 1;
}

/**
 * Runs a command that calls the Admin API, and says why it ended early. Resolves to the exit code.
 *
 * @param codeOfMissing exit code if something that was named does not exist
 */
export async function runAsAdmin(
  command: string,
  codeOfMissing: number,
  run: (out: Output, err: Output) => Promise<number>,
): Promise<number> {
  const out = createOutput(process.stdout, process.env);
  const err = createOutput(process.stderr, process.env);
  try {
    return await run(out, err);
  } catch (error) {
    out.progress('');
    const code = reportEarlyEnd(command, error, err);
    if (code !== undefined) return code;
    if (!(error instanceof AdminError)) throw error;
    err.line(`${command}: ${error.message}`);
    // Without an answer of Keycloak, the message says everything.
    if (error.kind !== 'missing' || error.answer !== '') err.line(explainAdminError(error));
    return error.kind === 'missing' ? codeOfMissing : 1;
  }
}
