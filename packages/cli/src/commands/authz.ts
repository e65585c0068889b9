import { connectAdmin } from '../admin/index.ts';
import { exportAuthz } from '../authz/export.ts';
import { readAuthzOptions } from '../authz/options.ts';
import { sync } from '../authz/sync.ts';
import { showWhy } from '../authz/why.ts';
import { enter } from '../door/enter.ts';
import { createNeed } from '../door/need.ts';
import { DOOR_USAGE } from '../door/options.ts';
import { createQuestions, readLines } from '../terminal/questions.ts';
import { runAsAdmin } from './run-as-admin.ts';

export const usage = `keycloak-guard authz: Keycloak's authorization services as a file

Compares resources, scopes, policies and permissions of a client with authz.json (or authz.ts), and says why
somebody may do something, or may not.

Usage: keycloak-guard authz plan                        what the file would change
       keycloak-guard authz apply                       print the plan, ask, and change it
       keycloak-guard authz export                      write Keycloak's settings to the file
       keycloak-guard authz why --user <name> orders#view Keycloak's decision, policy by policy

  --file <file>             the file (default authz.json, or the default export of authz.ts, .mjs, .js;
                            export writes authz.json, or to standard output with -)
  --prune                   plan, apply: delete what is not in the file
  -y, --yes                 apply without asking; export: replace the file
  --user <name>             why: whose permission

  --client-id <id>          client (KEYCLOAK_CLIENT_ID; default fastapi-keycloak)

${DOOR_USAGE}

Exit code: 0 done (why: granted), 1 something left to do (why: denied), 2 wrong usage or file, or not applied.
`;

const TIMEOUT_MS = 30_000;

export function run(args: string[]): Promise<number> {
  return runAsAdmin('authz', 2, async (out, err) => {
    const options = await readAuthzOptions(args, process.env);
    const { door } = options;
    const [secret] = door.readsPassword ? await readLines(process.stdin) : [];
    const isAsked = process.stdin.isTTY === true && process.stdout.isTTY === true && !door.readsPassword;
    const questions = isAsked ? await createQuestions(out) : undefined;
    const need = createNeed(questions);
    // A file on standard output stays a file.
    const entry = await enter(door, secret, need, options.file === '-' ? err : out, questions);
    need.assertAll();
    out.progress('logging in as admin');
    const { api } = await connectAdmin({ ...entry, timeoutMs: TIMEOUT_MS });
    if (options.action === 'why') return showWhy(api, options, out);
    return options.action === 'export'
      ? exportAuthz(api, options, out, err, questions)
      : sync(api, options, out, questions);
  });
}
