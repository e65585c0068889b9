import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import { Cancelled } from '../terminal/questions.ts';

/**
 * Says why a person's mistake, or Ctrl-C, ended a command that changes Keycloak.
 *
 * @returns the exit code; `undefined` for every other error
 */
export function tellEndedEarly(command: string, error: unknown, err: Output): number | undefined {
  if (error instanceof UsageError) {
    for (const problem of error.problems) err.line(`${command}: ${problem}`);
    return 2;
  }
  if (!(error instanceof Cancelled)) return undefined;
  err.line(`${command}: cancelled, nothing more was changed`);
  return 1;
}
