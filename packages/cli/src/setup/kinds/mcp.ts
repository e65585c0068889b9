import { isHttpUrl } from '../../access/access.ts';
import { readMcp } from '../../admin/mcp/current.ts';
import { PROGRAMS, toDefaultScope } from '../../admin/mcp/goal.ts';
import { planMcp } from '../../admin/mcp/plan.ts';
import { runPlan, toRealmPart } from '../../plan/run-plan.ts';
import { table, toHelp } from '../../settings/options.ts';
import { assertOfFolder } from '../../settings/private-file.ts';
import { planClientEnv } from '../api/env-plan.ts';
import { sayNext } from '../api/set-up.ts';
import { CREDENTIAL, CREDENTIAL_HELP, chooseCredential, sayVolume, withCredential } from '../credential.ts';
import {
  type Desk,
  isScope,
  OVERWRITE,
  openVisit,
  REALM_OPTIONS,
  readKind,
  readVisit,
  SCOPE_RULE,
  type SetupKind,
  toUsage,
} from '../visit.ts';

const SERVER = table(`
--scope <name>… | | scope of the server or of its tools; can be repeated (default mcp:<host and path of the URL>)
--registration | | let programs on the machine that Keycloak runs on register by themselves
--program <name>… | | let a known program register, too: ${Object.keys(PROGRAMS).join(', ')}; can be repeated
--documents <domain>… | | let in programs whose client id is the URL of a document of this domain, without registration (feature cimd of Keycloak); can be repeated
`);

const usage = toUsage(
  `keycloak-guard setup mcp: an MCP server, so that clients sign in by its URL alone

Creates the client of the server, its scopes and a client for programs, and writes .env. The realm must exist.

Usage: keycloak-guard setup mcp <url> [options]

  <url>                     URL of the server; it becomes its client id and the audience of its tokens
${toHelp({ ...SERVER, ...OVERWRITE })}`,
  CREDENTIAL_HELP,
);

/** @throws {UsageError} */
export async function readMcpOptions(args: string[], desk: Desk) {
  const options = { ...REALM_OPTIONS, ...SERVER, ...CREDENTIAL, ...OVERWRITE };
  const reading = await readKind('mcp', args, options, desk);
  const { flags, positionals } = reading;
  const [url = '', ...rest] = positionals;
  const scopes = flags.scope ?? [];
  const documents = (flags.documents ?? []).map((domain) => domain.toLowerCase());
  const programs = (flags.program ?? []).map((name) => name.toLowerCase());
  const problems: string[] = [];
  if (!isHttpUrl(url) || /[?#@]/.test(url) || rest.length > 0)
    problems.push('setup mcp needs the URL of the MCP server, for example https://example.com/mcp');
  if (!scopes.every(isScope)) problems.push(SCOPE_RULE);
  if (documents.some((domain) => !/^(\*\.)?[a-z\d-]+(\.[a-z\d-]+)*$/.test(domain)))
    problems.push(
      '--documents must be a domain, for example example.com, or *.example.com for all below it too',
    );
  if (programs.some((name) => !Object.hasOwn(PROGRAMS, name)))
    problems.push(`--program must be one of ${Object.keys(PROGRAMS).join(', ')}`);
  const visit = await readVisit(reading, desk.out, problems, 'realm');
  if (visit.envFile !== undefined && !reading.isEnvNamed) assertOfFolder(visit.envFile, '--env');
  const goal = {
    url,
    scopes: scopes.length > 0 ? scopes : [toDefaultScope(url)],
    registration: (flags.registration ?? false) || programs.length > 0,
    programs,
    documents,
  };
  const chosen = await chooseCredential(flags);
  return { visit: { ...visit, overwriteEnv: flags['overwrite-env'] ?? false }, goal, chosen };
}

export const mcp: SetupKind = {
  summary: 'an MCP server',
  usage,
  asks: [['URL of the MCP server', 'http://localhost:8000/mcp', '']],
  async run(args, { environment, out }) {
    const { visit, goal: mcpGoal, chosen } = await readMcpOptions(args, { environment, out });
    const { api, serverUrl, realm, questions } = await openVisit(visit, out);
    const goal = { ...mcpGoal, realm };
    const state = await readMcp(api, goal);
    const own = { realm, clientId: goal.url };
    const [all, needed] = [planMcp(state, goal), `client ${goal.url}`];
    const { plan, before, envFile } = await withCredential(api, own, all, chosen, visit.envFile, needed);
    const title = `Keycloak at ${serverUrl}, realm ${realm}`;
    const how = { ...visit, file: envFile, serverUrl, chosen };
    const env = await planClientEnv(api, own, state.server, how, out, questions);
    const parts = [...before, toRealmPart(title, plan, api, own, out), env];
    const { isDone, code } = await runPlan(parts, visit, out, questions);
    if (isDone) {
      out.line(`The server's client id is ${goal.url}.`);
      out.line(`Its scopes: ${goal.scopes.join(', ')}. Programs without a secret use the client mcp-client.`);
      if (chosen?.goal.type === 'kubernetes') await sayVolume(serverUrl, realm, out);
      await sayNext(envFile, serverUrl, out);
    }
    return code;
  },
};
