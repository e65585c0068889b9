import type { Need } from '../../access/access.ts';
import { planCallers, toServiceClient, toSpaClient } from '../../admin/callers.ts';
import type { SetupGoal } from '../../admin/goal.ts';
import { toRealmPart } from '../../plan/run-plan.ts';
import { toAppUrl, toUri } from '../../settings/address.ts';
import { createConsent } from '../../settings/from-folder.ts';
import { type Flags, table, toHelp } from '../../settings/options.ts';
import { assertOfFolder } from '../../settings/private-file.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Output } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import { planClientEnv, readOrMakeSecret } from '../api/env-plan.ts';
import { type ApiOptions, readApiOptions, toApiHelp } from '../api/options.ts';
import { type Beside, proveLogin, proveService, setUpApi, TIMEOUT_MS } from '../api/set-up.ts';
import { type SetupKind, toQuestions } from '../visit.ts';
import { readSecrets, refusePositionals } from './api.ts';
import { problemsOfPage, readFuture, toPageLines, toPageUris } from './callers.ts';

const OWN = table(`
--page <id> | | client of the page (default <api>-page)
--page-url <url> | | address of the page (with --yes the default is http://localhost:5173)
--redirect-uri <url>… | | whole address to which Keycloak may send people back, beside <page-url>/callback; can be repeated
--service <id> | | client of the service (default <api>-service)
--service-env <file> | | file with the settings of the service (default service.env)
`);

const usage = `keycloak-guard setup app: an API, the single-page app and the service that call it, in one go

Creates what is missing (realm, three clients, roles, groups, scopes, a user), prints the plan first, and writes
.env of the API and that of the service. It never deletes anything and never makes a realm less safe. You can run it
again at any time.

Usage: keycloak-guard setup app [options]

${toApiHelp(toHelp(OWN, 'Those that call it'))}
`;

async function toBeside(
  { own, ...options }: ApiOptions,
  { realm, clientId }: SetupGoal,
  need: Need,
  out: Output,
  questions: Questions | undefined,
): Promise<Beside> {
  const hasDefaults = options.yes || options.dryRun;
  const flags = own as Flags<typeof OWN>;
  const { page = `${clientId}-page`, service = `${clientId}-service`, 'redirect-uri': redirectFlags } = flags;
  const uris = redirectFlags?.map(toUri);
  const suggestion = 'http://localhost:5173';
  const pageUrl = await need(
    flags['page-url'] ?? (hasDefaults ? suggestion : undefined),
    (one) => one.text('Address of the page', suggestion),
    'the address of the page is missing: give --page-url (with --yes the default is http://localhost:5173)',
  );
  const appUrl = toAppUrl(pageUrl);
  const problems = pageUrl === '' ? [] : problemsOfPage('--page-url', appUrl, uris);
  if (new Set([page, service, clientId]).size < 3)
    problems.push('API, page and service need a client id each');
  if (problems.length > 0) throw new UsageError(problems);
  if (pageUrl === '') return { plan: async () => [], async *prove() {} };
  const redirectUris = toPageUris(appUrl, uris);
  const callers = [
    { clientId: page, target: toSpaClient({ clientId: page, appUrl, redirectUris }) },
    { clientId: service, target: toServiceClient(service) },
  ];
  const goal = { realm, clientId, callers };
  const caller = { realm, clientId: service };
  const envFile = options.envFile === undefined ? undefined : (flags['service-env'] ?? 'service.env');
  if (envFile !== undefined && flags['service-env'] === undefined) assertOfFolder(envFile, '--service-env');
  return {
    async plan(site) {
      const { api, serverUrl } = site;
      const state = await readFuture(site, [page, service]);
      const title = `Clients that call ${clientId}`;
      const callersPart = toRealmPart(title, planCallers(state, goal), api, goal, out);
      if (callersPart.blocked.some(({ subject }) => subject === `client ${service}`)) return [callersPart];
      const own = { ...options, file: envFile, serverUrl, chosen: undefined };
      const there = state.others.get(service);
      return [callersPart, await planClientEnv(api, caller, there, own, out, questions)];
    },
    async *prove({ api, serverUrl }, apiCaller) {
      const where = { ...caller, serverUrl, timeoutMs: TIMEOUT_MS };
      yield* proveLogin({ ...where, clientId: page }, redirectUris[0] as string);
      yield* proveService({ ...where, clientSecret: await readOrMakeSecret(api, caller) }, apiCaller);
      for (const line of toPageLines(serverUrl, realm, page, appUrl)) out.line(line);
    },
  };
}

export const app: SetupKind = {
  summary: 'an API, the single-page app and the service that call it',
  usage,
  asks: [],
  async run(args, { environment, out }) {
    const questions = await toQuestions(args, out);
    const consent = createConsent(questions);
    const options = await readApiOptions(args, environment, { kind: 'app', more: OWN, consent });
    refusePositionals(options);
    return setUpApi(options, await readSecrets(options), out, questions, {
      beside: (goal, need) => toBeside(options, goal, need, out, questions),
    });
  },
};
