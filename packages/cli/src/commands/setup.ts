import { AdminError } from '../admin/index.ts';
import { explainAdminError } from '../keycloak/explain-admin-error.ts';
import { askWhat } from '../setup/ask-what.ts';
import { KINDS } from '../setup/kinds/index.ts';
import { toSetupCall } from '../setup/old-flags.ts';
import { createOutput } from '../terminal/output.ts';
import { tellEndedEarly } from './ended-early.ts';

const list = Object.entries(KINDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);

/** Text of `--help`: of all, or of the kind that is named. */
export function usage(args: readonly string[]): string {
  const [kind = ''] = args;
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind]?.usage ?? '';
  return `keycloak-guard setup: set Keycloak up

Usage: keycloak-guard setup [<what>] [options]

${list.join('\n')}

keycloak-guard setup <what> --help   options of each

Where nothing is named, a terminal is asked what is built. Elsewhere, the guide's service is meant:

${KINDS.guide?.usage.split('\n').slice(2).join('\n')}`;
}

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const out = createOutput(process.stdout, process.env);
  const err = createOutput(process.stderr, process.env);
  try {
    const { kind, args: rest } = await askWhat(toSetupCall(args, Object.keys(KINDS)), out);
    return (await KINDS[kind]?.run(rest, { environment: process.env, out })) ?? 2;
  } catch (error) {
    out.progress('');
    const code = tellEndedEarly('setup', error, err);
    if (code !== undefined) return code;
    if (error instanceof AdminError) {
      err.line(`setup: ${error.message}`);
      // Without an answer of Keycloak, the message says everything.
      if (error.kind !== 'missing' || error.answer !== '') err.line(explainAdminError(error));
      return 1;
    }
    throw error;
  }
}
