import { parseArgs } from 'node:util';
import {
  type CallersGoal,
  type CallersState,
  readCallers,
  type SetupGoal,
  toServiceClient,
  toSpaClient,
} from '../../admin/index.ts';
import type { Need } from '../../door/need.ts';
import type { PlanPart } from '../../plan/part.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Output } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import { readOrMakeSecret, readSecret } from '../api/client-secret.ts';
import { planEnv, toSettings } from '../api/env-plan.ts';
import { type ApiOptions, readApiOptions } from '../api/options.ts';
import { proveLogin, proveService } from '../api/prove.ts';
import { type Beside, type Site, setUpApi, TIMEOUT_MS } from '../api/set-up.ts';
import type { SetupKind } from '../kind.ts';
import { refusePositionals, sitDown, toApiUsage } from './api.ts';
import { toCallersPart } from './callers.ts';
import { problemsOfPage, toPageLines } from './spa.ts';

const usage = `keycloak-guard setup app: an API, the single-page app and the service that call it, in one go

Creates what is missing (realm, three clients, roles, groups, scopes, a user), prints the plan first, and writes
.env of the API and that of the service. It never deletes anything and never makes a realm less safe. You can run it
again at any time.

Usage: keycloak-guard setup app [options]
${toApiUsage(`Those that call it
  --page <id>               client of the page (default <api>-page)
  --page-url <url>          address of the page (with --yes the default is http://localhost:5173)
  --redirect-uri <url>      whole address to which Keycloak may send people back; can be repeated
                            (default <page-url>/)
  --service <id>            client of the service (default <api>-service)
  --service-env <file>      file with the settings of the service (default service.env)

`)}`;

const OWN = {
  page: { type: 'string' },
  'page-url': { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
  service: { type: 'string' },
  'service-env': { type: 'string' },
} as const;

/** Takes the flags of the callers out of those of the API. */
function takeOwn(args: readonly string[]) {
  const { tokens, values } = parseArgs({
    args: [...args],
    options: OWN,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const taken = new Set(
    tokens.flatMap((one) =>
      one.kind === 'option' && Object.hasOwn(OWN, one.name)
        ? [one.index, ...(one.inlineValue === false ? [one.index + 1] : [])]
        : [],
    ),
  );
  const textOf = (name: keyof typeof OWN) =>
    typeof values[name] === 'string' ? (values[name] as string) : undefined;
  return {
    textOf,
    uris: values['redirect-uri'] as string[] | undefined,
    rest: args.filter((_, index) => !taken.has(index)),
  };
}

type Own = Omit<ReturnType<typeof takeOwn>, 'rest'>;

/** Gets to know the page and the service. */
async function toBeside(
  { textOf, uris }: Own,
  { realm, clientId }: SetupGoal,
  options: ApiOptions,
  need: Need,
  out: Output,
  questions: Questions | undefined,
): Promise<Beside> {
  const hasDefaults = options.yes || options.dryRun;
  const page = textOf('page') ?? `${clientId}-page`;
  const service = textOf('service') ?? `${clientId}-service`;
  const suggestion = 'http://localhost:5173';
  const given = await need(
    textOf('page-url') ?? (hasDefaults ? suggestion : undefined),
    (one) => one.text('Address of the page', suggestion),
    'the address of the page is missing: give --page-url (with --yes the default is http://localhost:5173)',
  );
  const appUrl = given.replace(/\/+$/, '');
  const problems = given === '' ? [] : problemsOfPage('--page-url', appUrl, uris);
  if (new Set([page, service, clientId]).size < 3)
    problems.push('API, page and service need a client id each');
  if (problems.length > 0) throw new UsageError(problems);
  if (given === '') return { plan: async () => [], async *prove() {} };
  const redirectUris = uris ?? [`${appUrl}/`];
  const callers = [
    { clientId: page, wanted: toSpaClient({ clientId: page, appUrl, redirectUris }) },
    { clientId: service, wanted: toServiceClient(service) },
  ];
  const goal = { realm, clientId, callers };
  const own = { realm, clientId: service };
  const envFile = options.envFile === undefined ? undefined : (textOf('service-env') ?? 'service.env');
  return {
    async plan(site) {
      const { api, serverUrl } = site;
      const state = await readFuture(site, goal);
      const title = `Clients that call ${clientId}`;
      const callersPart: PlanPart = toCallersPart(title, api, goal, state, out);
      if (callersPart.blocked.some(({ subject }) => subject === `client ${service}`)) return [callersPart];
      const known = toSettings(
        serverUrl,
        own,
        await readSecret(api, own, state.callers.get(service)?.client),
      );
      const readAll = async () => toSettings(serverUrl, own, await readOrMakeSecret(api, own));
      return [callersPart, await planEnv(envFile, options, known, readAll, out, questions)];
    },
    async *prove({ api, serverUrl }, apiCaller) {
      const caller = { ...own, serverUrl, timeoutMs: TIMEOUT_MS };
      yield* proveLogin({ ...caller, clientId: page }, redirectUris[0] as string);
      yield* proveService({ ...caller, clientSecret: await readOrMakeSecret(api, own) }, apiCaller);
      for (const line of toPageLines(serverUrl, realm, page, appUrl)) out.line(line);
    },
  };
}

/** What there will be when the plan of the API is done, for those that call it. */
async function readFuture(
  { api, goal: wanted, current, plan }: Site,
  goal: CallersGoal,
): Promise<CallersState> {
  const made = plan.steps.flatMap(({ action }) => (action.type === 'create-scope' ? [action.scope] : []));
  const state: CallersState =
    current.realm === null
      ? { api: undefined, callers: new Map(), scopes: [], usual: [] }
      : await readCallers(api, goal);
  const { defaultClientScopes = [], optionalClientScopes = [] } = state.api ?? {};
  return {
    ...state,
    // The plan of the API makes them.
    scopes: [...state.scopes, ...made],
    api: {
      defaultClientScopes: [...defaultClientScopes, ...(wanted.groups.length > 0 ? ['groups'] : [])],
      optionalClientScopes: [...optionalClientScopes, ...(wanted.scopes ?? [])],
    },
  };
}

export const app: SetupKind = {
  summary: 'an API, the single-page app and the service that call it',
  usage,
  asks: [],
  async run(args, { environment, out }) {
    const { rest, ...own } = takeOwn(args);
    const options = await readApiOptions(rest, environment, 'app');
    refusePositionals(options);
    const { stdin, questions } = await sitDown(options, out);
    return setUpApi(options, stdin, out, questions, {
      beside: (goal, need) => toBeside(own, goal, options, need, out, questions),
    });
  },
};
