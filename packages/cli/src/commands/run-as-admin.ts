import { AdminError } from '../admin/index.ts';
import { explainAdminError } from '../keycloak/explain-admin-error.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { tellEndedEarly } from './ended-early.ts';

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
    const code = tellEndedEarly(command, error, err);
    if (code !== undefined) return code;
    if (!(error instanceof AdminError)) throw error;
    err.line(`${command}: ${error.message}`);
    // Without an answer of Keycloak, the message says everything.
    if (error.kind !== 'missing' || error.answer !== '') err.line(explainAdminError(error));
    return error.kind === 'missing' ? codeOfMissing : 1;
  }
}
