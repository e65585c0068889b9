import { completeInput } from '../setup/goal.ts';
import { locate } from '../setup/locate.ts';
import { readSetupOptions } from '../setup/options.ts';
import { setUp } from '../setup/setup.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import type { CheckResult } from './check.ts';
import type { DoctorOptions } from './options.ts';

/** The findings that `setup` can fix. */
export function findMendable(results: readonly CheckResult[]): CheckResult[] {
  return results.filter(
    ({ status, setup }) => (status === 'fail' || status === 'warn') && setup !== undefined,
  );
}

/** Shows setup's plan for the findings, and applies it after confirmation. Resolves to setup's exit code. */
export async function mend(
  found: readonly CheckResult[],
  options: DoctorOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const flags = new Set<string>();
  const args: string[] = [];
  for (const { setup = [] } of found) {
    for (let index = 0; index < setup.length; index++) {
      const [flag, value] = [setup[index] as string, setup[index + 1]];
      const hasValue = value !== undefined && !value.startsWith('--');
      if (!flags.has(flag)) args.push(flag, ...(hasValue ? [value] : []));
      flags.add(flag);
      if (hasValue) index++;
    }
  }
  // If nobody reads the plan, it turns nothing on and keeps the values in .env.
  const careful = options.yes
    ? args.filter((flag) => flag !== '--enable' && flag !== '--reset-password')
    : args;
  const setupOptions = await readSetupOptions(
    [
      ...careful,
      ...(options.enable ? ['--enable'] : []),
      ...(flags.has('--app-url') ? [] : ['--app-url', options.appUrl]),
      // Findings about permissions name a command of their own.
      '--no-authz',
      '--env',
      options.envFile,
      ...(options.username === undefined ? ['--no-user'] : ['--user', options.username]),
      ...(options.yes ? ['--yes'] : []),
    ],
    withCredentials(options),
  );
  const located = await locate(setupOptions, out, questions);
  const { goal, ...access } = await completeInput(located, {}, questions);
  const keepFlows = options.yes && !options.enable;
  return setUp({ ...access, goal: { ...goal, keepFlows } }, setupOptions, out, questions);
}

/** Passes the doctor's credentials to setup. */
function withCredentials({ admin, password }: DoctorOptions): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  if (password !== undefined) env.SETUP_PASSWORD = password;
  if (admin === undefined) return env;
  env.KEYCLOAK_ADMIN_REALM = admin.realm;
  if ('username' in admin)
    return { ...env, KEYCLOAK_ADMIN_USER: admin.username, KEYCLOAK_ADMIN_PASSWORD: admin.password };
  return {
    ...env,
    KEYCLOAK_ADMIN_CLIENT_ID: admin.clientId,
    KEYCLOAK_ADMIN_CLIENT_SECRET: admin.clientSecret,
  };
}
