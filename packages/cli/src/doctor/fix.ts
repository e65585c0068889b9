import type { Shape } from '../admin/goal.ts';
import type { Consent } from '../settings/from-folder.ts';
import { readApiOptions } from '../setup/api/options.ts';
import { setUpApi } from '../setup/api/set-up.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import type { CheckResult } from './check.ts';
import type { DoctorOptions } from './options.ts';

export function findFixable(results: readonly CheckResult[]): CheckResult[] {
  return results.filter(
    ({ status, setup }) => (status === 'fail' || status === 'warn') && setup !== undefined,
  );
}

/**
 * Shows setup's plan for the findings, and applies it after confirmation. Resolves to setup's exit code.
 *
 * @param shape what the client is for: it gets no login that it does not have
 */
export async function fixFindings(
  fixable: readonly CheckResult[],
  options: DoctorOptions,
  shape: Shape,
  out: Output,
  consent: Consent,
  questions: Questions | undefined,
): Promise<number> {
  // Of two values for a flag, that of the first finding counts.
  const all = fixable.flatMap(({ setup = [] }) => setup).reverse();
  const flags = new Map(all.map((one) => [one.split('=')[0], one]));
  // Without a person to read the plan, it turns nothing on and keeps the values in .env.
  if (options.yes) flags.delete('--enable');
  const setupOptions = await readApiOptions(
    [
      ...flags.values(),
      ...(options.enable ? ['--enable'] : []),
      ...(flags.has('--app') || !options.isAppUrlExplicit ? [] : ['--app', options.appUrl]),
      // A file that nobody named stays one.
      ...(options.isEnvExplicit ? ['--env', options.envFile] : []),
      ...(options.username === undefined ? ['--no-user'] : ['--user', options.username]),
      ...(options.yes ? ['--yes'] : []),
    ],
    withCredentials(options),
    { kind: shape, consent },
  );
  const chosen = [...new Set([...options.chosen, ...setupOptions.chosen])];
  return setUpApi({ ...setupOptions, chosen, writesSession: false }, {}, out, questions, {
    keepFlows: options.yes && !options.enable,
  });
}

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
