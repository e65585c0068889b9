import { didYouMean } from '../settings/options.ts';
import { UsageError } from '../settings/usage-error.ts';
import { isClone } from '../setup/api/set-up.ts';
import { api, exportFile, guide, web } from '../setup/kinds/api.ts';
import { app } from '../setup/kinds/app.ts';
import { caller } from '../setup/kinds/caller.ts';
import { audience, spa } from '../setup/kinds/callers.ts';
import { mcp } from '../setup/kinds/mcp.ts';
import { events, service } from '../setup/kinds/service.ts';
import { tenant } from '../setup/kinds/tenant.ts';
import type { SetupKind } from '../setup/visit.ts';
import type { Output } from '../terminal/output.ts';
import { createQuestions } from '../terminal/questions.ts';
import { runAsAdmin } from './run-as-admin.ts';

export const KINDS: Readonly<Record<string, SetupKind>> = {
  app,
  api,
  spa,
  web,
  mcp,
  service,
  guide,
  audience,
  caller,
  tenant,
  events,
  export: exportFile,
};

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

const UNASKED = /^(-y|--yes|--dry-run|--[a-z]+-password-stdin)$/;

/** The kind that the first argument names. If it names none, a person at the terminal is asked; elsewhere it is `guide`. */
async function chooseKind(argv: string[], out: Output): Promise<{ kind: string; args: string[] }> {
  const [first = '', ...rest] = argv;
  if (Object.hasOwn(KINDS, first)) return { kind: first, args: rest };
  if (first !== '' && !first.startsWith('-'))
    throw new UsageError([
      `there is no setup '${first}'${didYouMean(first, Object.keys(KINDS))}`,
      'setup --help names all kinds',
    ]);
  if (process.stdin.isTTY !== true || argv.some((one) => UNASKED.test(one)))
    return { kind: 'guide', args: argv };
  const questions = await createQuestions(out);
  const built = Object.entries(KINDS).filter(([, { asks }]) => asks !== undefined);
  // In the clone, `npm start` is the guide's service.
  if (isClone()) built.sort(([a], [b]) => Number(b === 'guide') - Number(a === 'guide'));
  const labels = Object.fromEntries(built.map(([name, { summary }]) => [name, summary]));
  const kind = await questions.choose('What do you build?', labels);
  const args: string[] = [];
  for (const [question, suggestion, flag] of KINDS[kind]?.asks ?? []) {
    if (flag !== '' && argv.includes(flag)) continue;
    const answer = await questions.text(question, suggestion);
    args.push(...(flag === '' ? [answer] : [flag, answer]));
  }
  return { kind, args: [...args, ...argv] };
}
