import { AdminError } from '../admin/admin-error.ts';
import { explainAdminError } from '../keycloak/finding.ts';
import { UsageError } from '../settings/usage-error.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { Cancelled } from '../terminal/questions.ts';

/**
 * Says what a person did wrong, or that the person gave up, which ended a command that changes Keycloak.
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
 * @param codeOfTrouble exit code if Keycloak does not answer as it should, or the person cancels. 2 where 1 is an answer
 */
export async function runAsAdmin(
  command: string,
  codeOfTrouble: 1 | 2,
  run: (out: Output, err: Output) => Promise<number>,
): Promise<number> {
  const out = createOutput(process.stdout, process.env);
  const err = createOutput(process.stderr, process.env);
  try {
    return await run(out, err);
  } catch (error) {
    out.progress('');
    const code = reportEarlyEnd(command, error, err);
    if (code !== undefined) return Math.max(code, codeOfTrouble);
    if (!(error instanceof AdminError)) {
      if (codeOfTrouble === 1) throw error;
      err.line(`${command}: ${error instanceof Error ? error.message : String(error)}`);
      return codeOfTrouble;
    }
    err.line(`${command}: ${error.message}`);
    // Without an answer of Keycloak, the message says everything.
    if (error.kind !== 'missing' || error.answer !== '') err.line(explainAdminError(error));
    return codeOfTrouble;
  }
}
