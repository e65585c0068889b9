import type { Shape } from '../admin/goal.ts';
import { trimUrl } from '../keycloak/server.ts';
import type { Consent } from '../settings/from-folder.ts';
import { UsageError } from '../settings/usage-error.ts';
import { readApiOptions } from '../setup/api/options.ts';
import { setUpApi } from '../setup/api/set-up.ts';
import type { Output } from '../terminal/output.ts';
import { Cancelled, type Questions } from '../terminal/questions.ts';
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
  const flags = new Set<string>();
  const args: string[] = [];
  for (const { setup = [] } of fixable) {
    for (let index = 0; index < setup.length; index++) {
      const [flag, value] = [setup[index] as string, setup[index + 1]];
      const hasValue = value !== undefined && !value.startsWith('--');
      if (!flags.has(flag)) args.push(flag, ...(hasValue ? [value] : []));
      flags.add(flag);
      if (hasValue) index++;
    }
  }
  // Without a person to read the plan, it turns nothing on and keeps the values in .env.
  const careful = options.yes
    ? args.filter((flag) => flag !== '--enable' && flag !== '--reset-password')
    : args;
  await askForAddress(args, options, questions);
  const setupOptions = await readApiOptions(
    [
      ...careful,
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

/**
 * A finding may name an address that an answer gave, such as the target of a redirect. Credentials go there only if the person
 * says so.
 */
async function askForAddress(
  args: readonly string[],
  { serverUrl, admin }: DoctorOptions,
  questions: Questions | undefined,
): Promise<void> {
  const at = args.indexOf('--url');
  if (at === -1) return;
  const { origin } = new URL(trimUrl(args[at + 1] as string));
  if (serverUrl !== undefined && new URL(serverUrl).origin === origin) return;
  if (questions === undefined)
    throw new UsageError([
      `The password of the admin is not sent to ${origin}: an answer named it, and KEYCLOAK_SERVER_URL is ${serverUrl}.`,
      'If that is your Keycloak, set KEYCLOAK_SERVER_URL to it.',
    ]);
  const isConfirmed = await questions.confirm(
    `KEYCLOAK_SERVER_URL is ${serverUrl}. Send the password of the admin (realm ${admin?.realm}) to ${origin}?`,
    false,
  );
  if (!isConfirmed) throw new Cancelled('cancelled');
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
