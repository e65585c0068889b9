import { chooseKind, KINDS } from '../setup/kinds.ts';
import { runAsAdmin } from './run-as-admin.ts';

const list = Object.entries(KINDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);

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

export function run(args: string[]): Promise<number> {
  return runAsAdmin('setup', 1, async (out) => {
    const { kind, args: rest } = await chooseKind(args, out);
    return (await KINDS[kind]?.run(rest, { environment: process.env, out })) ?? 2;
  });
}
