import { AdminError } from '../admin/index.ts';
import { explainAdminError } from '../keycloak/explain-admin-error.ts';
import { setUpAudience } from '../setup/audience.ts';
import { exportRealm } from '../setup/export.ts';
import { completeInput, type StdinSecrets } from '../setup/goal.ts';
import { locate } from '../setup/locate.ts';
import { setUpMcp } from '../setup/mcp.ts';
import { readSetupOptions, type SetupOptions } from '../setup/options.ts';
import { setUp } from '../setup/setup.ts';
import { createOutput } from '../terminal/output.ts';
import { createQuestions, readLines } from '../terminal/questions.ts';
import { tellEndedEarly } from './ended-early.ts';

export const usage = `keycloak-guard setup: set Keycloak up for this product

Creates what is missing (realm, client, mappers, user), prints the plan first, and writes .env.
It never deletes anything and never makes a realm less safe. It can be run again at any time.

Usage: keycloak-guard setup [options]

Keycloak
  --url URL                 address of Keycloak (KEYCLOAK_SERVER_URL)
  --realm NAME              realm (KEYCLOAK_REALM; default testing)
  --client-id ID            client (KEYCLOAK_CLIENT_ID; default fastapi-keycloak)
  --app-url URL             address of your API as browsers see it
                            (default PUBLIC_URL, or http://localhost:PORT)
  --backchannel-url URL     where Keycloak reports logouts (default <app-url>/backchannel-logout)

Admin
  --admin-user NAME         admin (KEYCLOAK_ADMIN_USER)
  --admin-realm NAME        realm of the admin (KEYCLOAK_ADMIN_REALM; default master)
  --admin-client-id ID      service account instead of a person (KEYCLOAK_ADMIN_CLIENT_ID)
  --admin-totp CODE         one-time code, where the admin needs one
  --admin-password-stdin    read the password or secret from standard input
                            (or KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_ADMIN_CLIENT_SECRET)

User to log in with
  --user NAME               user to create or complete (SETUP_USER)
  --name "First Last"       name, where the user has none
  --email ADDRESS           email, where the user has none
  --attribute NAME=VALUE    what the realm's user profile asks for; can be repeated
  --user-password-stdin     read the password from standard input, after the admin's (or SETUP_PASSWORD)
  --reset-password          replace the password of a user who has one
  --no-user                 make no user

Roles and groups (each can be repeated; the user gets them)
  --role NAME               role of the realm
  --client-role NAME        role of the client
  --group PATH              group, for example /staff/dev

Permissions (the client's authorization services)
  --authz FILE              file of keycloak-guard authz; what it has is created or changed, nothing is deleted
                            (default authz.json beside .env, where there is one; a program such as authz.ts
                            is run to be read, so it has to be named)
  --no-authz                leave them alone

Clients that call the API (nothing else is set up then)
  --audience-for IDS        client ids, separated by commas: their tokens get --client-id as audience

An MCP server (nothing else is set up then; the realm has to be there)
  --mcp URL                 its URL, which becomes its client id and the audience of its tokens
  --mcp-scope NAME          scope of the server or of its tools; can be repeated (default mcp:tools)
  --mcp-registration        let programs of the machine that Keycloak runs on register by themselves
  --mcp-documents DOMAIN    let in programs whose client id is the URL of a document of this domain, without
                            registration (feature cimd of Keycloak); can be repeated

Running
  --dry-run                 print the plan and stop
  -y, --yes                 apply without asking
  --enable                  switch on a realm, client or user that is switched off
  --env FILE                file for the settings (default .env)
  --overwrite-env           replace values in it that differ
  --no-env                  write no such file
  --export FILE             write a realm file for --import-realm instead of calling Keycloak

Exit code: 0 done, 1 something is left to do, 2 wrong usage or not applied.
`;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const out = createOutput(process.stdout, process.env);
  const err = createOutput(process.stderr, process.env);
  try {
    const options = await readSetupOptions(args, process.env);
    const stdin = await readSecrets(options);
    const isAsked = process.stdin.isTTY === true && options.fromStdin.length === 0;
    const questions = isAsked ? await createQuestions(out) : undefined;
    const located = await locate(options, out, questions);
    const input = await completeInput(located, stdin, questions);
    const { exportFile, mcp, realm, clientId, audienceFor: callers } = options;
    if (callers !== undefined)
      return await setUpAudience(input, { realm, clientId, callers }, options, out, questions);
    if (mcp !== undefined) return await setUpMcp(input, { realm, ...mcp }, options, out, questions);
    return exportFile === undefined
      ? await setUp(input, options, out, questions)
      : await exportRealm(input, { ...options, exportFile }, out, questions);
  } catch (error) {
    out.progress('');
    const code = tellEndedEarly('setup', error, err);
    if (code !== undefined) return code;
    if (error instanceof AdminError) {
      err.line(`setup: ${error.message}`);
      err.line(explainAdminError(error));
      return 1;
    }
    throw error;
  }
}

async function readSecrets({ fromStdin }: SetupOptions): Promise<StdinSecrets> {
  if (fromStdin.length === 0) return {};
  const lines = await readLines(process.stdin);
  return Object.fromEntries(fromStdin.map((name, index) => [name, lines[index] ?? '']));
}
