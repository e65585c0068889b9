import { ACCESS_HELP, createNeed, enter } from '../access/access.ts';
import { connectAdmin } from '../admin/connection.ts';
import { exportAuthz, OWN, readAuthzOptions, showWhy, sync } from '../authz/run.ts';
import { createConsent } from '../settings/from-folder.ts';
import { toHelp } from '../settings/options.ts';
import { toQuestions } from '../setup/visit.ts';
import { readLines } from '../terminal/questions.ts';
import { runAsAdmin } from './run-as-admin.ts';

export const usage = `keycloak-guard authz: Keycloak's authorization services as a file

Compares resources, scopes, policies and permissions of a client with authz.json (or authz.ts), and says why
somebody may do something, or may not.

Usage: keycloak-guard authz plan                        what the file would change
       keycloak-guard authz apply                       print the plan, ask, and change it
       keycloak-guard authz export                      write Keycloak's settings to the file
       keycloak-guard authz why --user <name> orders#view Keycloak's decision, policy by policy

${toHelp(OWN)}

${ACCESS_HELP}

Exit code: 0 done (plan: nothing to change; why: granted)
           1 something left to do (plan: there are changes; why: denied)
           2 trouble: wrong usage or file, no answer, not applied
`;

const TIMEOUT_MS = 30_000;

export function run(args: string[]): Promise<number> {
  return runAsAdmin('authz', 2, async (out, err) => {
    const questions = process.stdout.isTTY === true ? await toQuestions(args, out) : undefined;
    const options = await readAuthzOptions(args, process.env, createConsent(questions));
    const { access } = options;
    const [secret] = access.readsPassword ? await readLines(process.stdin) : [];
    const need = createNeed(questions);
    // A file on standard output stays a file.
    const entry = await enter(access, secret, need, options.file === '-' ? err : out);
    need.assertAll();
    out.progress('logging in as admin');
    const { api } = await connectAdmin({ ...entry, timeoutMs: TIMEOUT_MS });
    if (options.action === 'why') return showWhy(api, options, out);
    return options.action === 'export'
      ? exportAuthz(api, options, out, err, questions)
      : sync(api, options, out, questions);
  });
}
