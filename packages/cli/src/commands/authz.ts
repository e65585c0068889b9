import { AdminError, connectAdmin } from '../admin/index.ts';
import { exportAuthz } from '../authz/export.ts';
import { readAuthzOptions } from '../authz/options.ts';
import { sync } from '../authz/sync.ts';
import { showWhy } from '../authz/why.ts';
import { enter } from '../door/enter.ts';
import { createNeed } from '../door/need.ts';
import { DOOR_USAGE } from '../door/options.ts';
import { explainAdminError } from '../keycloak/explain-admin-error.ts';
import { createOutput } from '../terminal/output.ts';
import { createQuestions, readLines } from '../terminal/questions.ts';
import { tellEndedEarly } from './ended-early.ts';

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

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const out = createOutput(process.stdout, process.env);
  const err = createOutput(process.stderr, process.env);
  try {
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
    if (options.action === 'why') return await showWhy(api, options, out);
    return options.action === 'export'
      ? await exportAuthz(api, options, out, err, questions)
      : await sync(api, options, out, questions);
  } catch (error) {
    out.progress('');
    const code = tellEndedEarly('authz', error, err);
    if (code !== undefined) return code;
    if (error instanceof AdminError) {
      err.line(`authz: ${error.message}`);
      // Without an answer of Keycloak, the message says everything.
      if (error.kind !== 'missing' || error.answer !== '') err.line(explainAdminError(error));
      return error.kind === 'missing' ? 2 : 1;
    }
    throw error;
  }
}
