import { isHttpUrl } from '../../access/access.ts';
import {
  type Caller,
  type ClientsState,
  NO_CALLERS,
  planCallers,
  readClients,
  toSpaClient,
} from '../../admin/callers.ts';
import { GROUPS_SCOPE, ORGANIZATION_GROUPS_SCOPE } from '../../admin/plan/app-scope.ts';
import { runPlan, toRealmPart } from '../../plan/run-plan.ts';
import { isAppUrl, toAppUrl, toUri } from '../../settings/address.ts';
import { table, toHelp } from '../../settings/options.ts';
import type { Output } from '../../terminal/output.ts';
import type { Site } from '../api/set-up.ts';
import { assertInPlan, HAND_OVER, HAND_OVER_HELP, handOver, openHandOver } from '../hand-over/hand-over.ts';
import {
  CLIENT,
  CLIENT_OPTIONS,
  openVisit,
  type RealmVisit,
  readKind,
  readVisit,
  type SetupKind,
  toUsage,
} from '../visit.ts';

/** The state after the plan of the API is applied, for those that call it. */
export const readFuture = async (site: Site, callers: readonly string[]): Promise<ClientsState> =>
  toFuture(site.current.realm === null ? NO_CALLERS : await readClients(site.api, site.goal, callers), site);

/** The same of a state that is known. */
export function toFuture(
  state: ClientsState,
  { goal: apiGoal, plan }: Pick<Site, 'goal' | 'plan'>,
): ClientsState {
  const made = plan.steps.flatMap(({ action }) => (action.type === 'create-scope' ? [action.scope] : []));
  const { defaultClientScopes = [], optionalClientScopes = [] } = state.client ?? {};
  return {
    ...state,
    // The plan of the API makes them.
    scopes: [...state.scopes, ...made],
    client: {
      defaultClientScopes: [
        ...defaultClientScopes,
        ...(apiGoal.groups.length > 0 ? [GROUPS_SCOPE] : []),
        ...(apiGoal.organizations?.groups ? [ORGANIZATION_GROUPS_SCOPE] : []),
      ],
      optionalClientScopes: [...optionalClientScopes, ...(apiGoal.scopes ?? [])],
    },
  };
}

/**
 * Sets clients up that call an API. Resolves to the exit code.
 *
 * @param title what the plan is about, behind the realm
 * @param say what a person needs to know, once it is so
 */
async function setUpCallers(
  visit: RealmVisit,
  callers: readonly Caller[],
  title: (clientId: string) => string,
  say: (where: { readonly serverUrl: string; readonly realm: string }, isNew: boolean) => void,
  out: Output,
): Promise<number> {
  const { api, serverUrl, realm, clientId, questions } = await openVisit(visit, out);
  const goal = { realm, clientId, callers };
  const state = await readClients(
    api,
    goal,
    callers.map((one) => one.clientId),
  );
  const line = `Keycloak at ${serverUrl}, realm ${realm}: ${title(clientId)}`;
  const part = toRealmPart(line, planCallers(state, goal), api, goal, out);
  const { what, code, isDone } = await runPlan([part], visit, out, questions);
  if (isDone) say({ serverUrl, realm }, what === 'applied');
  return code;
}

const AUDIENCE_USAGE = toUsage(`keycloak-guard setup audience: clients that call an API

Gives other clients what the clients of the API share: its audience, and its groups and scopes, where it
has some. They are client scopes, made once. Nothing else is changed.

Usage: keycloak-guard setup audience --client-id <api> <caller> [<caller>…] [options]

  <caller>                  client that calls it; commas separate several
${toHelp(CLIENT)}`);

export const audience: SetupKind = {
  summary: 'clients that call an API: their tokens name it',
  usage: AUDIENCE_USAGE,
  async run(args, { environment, out }) {
    const reading = await readKind('audience', args, CLIENT_OPTIONS, { environment });
    const callers = reading.positionals
      .flatMap((list) => list.split(','))
      .map((one) => ({ clientId: one.trim() }))
      .filter(({ clientId }) => clientId !== '');
    const missing = 'setup audience needs the client ids of the callers, for example frontend reports';
    const visit = await readVisit(reading, out, callers.length > 0 ? [] : [missing]);
    const say = (_: unknown, isNew: boolean) => {
      if (isNew) out.line('Tokens that are issued from now on name it; those before do not.');
    };
    return setUpCallers(visit, callers, (api) => `tokens for ${api}`, say, out);
  },
};

const PAGE = table(`
--app <url> | | address of the page, for example http://localhost:5173
--redirect-uri <url>… | | whole address to which Keycloak may send people back, beside <app>/callback; can be repeated
`);

const SPA_USAGE = toUsage(
  `keycloak-guard setup spa: a single-page app that calls an API

Creates a public client with PKCE for the page, whose tokens are for the API. The client of the API must exist
(setup api).

Usage: keycloak-guard setup spa <page> --app <url> --client-id <api> [options]

  <page>                    client id of the page
${toHelp({ ...PAGE, ...CLIENT })}`,
  HAND_OVER_HELP,
);

export const isWhole = (uri: string): boolean => isHttpUrl(uri) && !/[*#]/.test(uri);
export const wholeRule = (flag: string): string =>
  `${flag} must be a whole http or https address, without * and #`;

export function problemsOfPage(flag: string, appUrl: string, redirectUris: readonly string[] = []): string[] {
  const problems: string[] = [];
  if (!isAppUrl(appUrl))
    problems.push(`${flag} must be the address of the page, for example http://localhost:5173`);
  if (!redirectUris.every(isWhole)) problems.push(wholeRule('--redirect-uri'));
  return problems;
}

/** The one address to which sign-ins come back. The page keeps its own address, query and hash meanwhile. */
const toCallback = (appUrl: string): string => `${appUrl}/callback`;

export const toPageUris = (appUrl: string, others: readonly string[] = []): string[] => [
  ...new Set([toCallback(appUrl), ...others]),
];

export const toPageLines = (serverUrl: string, realm: string, page: string, appUrl: string): string[] => [
  `In the page: authority ${serverUrl}/realms/${realm}, client id ${page}, redirect URI ${toCallback(appUrl)}.`,
  `The API must allow requests of ${new URL(appUrl).origin} (CORS).`,
];

export const spa: SetupKind = {
  summary: 'a single-page app: public client, PKCE, tokens for the API',
  usage: SPA_USAGE,
  asks: [
    ['Client id of the page', 'shop-page', ''],
    ['Address of the page', 'http://localhost:5173', '--app'],
  ],
  async run(args, { environment, out }) {
    const options = { ...CLIENT_OPTIONS, ...PAGE, ...HAND_OVER };
    const reading = await readKind('spa', args, options, { environment });
    const { flags, positionals } = reading;
    const [page = '', ...others] = positionals;
    const appUrl = toAppUrl(flags.app ?? '');
    const uris = flags['redirect-uri']?.map(toUri);
    const problems = problemsOfPage('--app', appUrl, uris);
    if (page === '' || others.length > 0)
      problems.unshift('setup spa needs the client id of the page, for example shop-page');
    const visit = await readVisit(reading, out, problems);
    const redirectUris = toPageUris(appUrl, uris);
    const callers = [{ clientId: page, target: toSpaClient({ clientId: page, appUrl, redirectUris }) }];
    const file = flags['plan-for-admin'];
    if (file !== undefined) {
      assertInPlan(flags);
      const target = await openHandOver(visit);
      const plan = planCallers(NO_CALLERS, { ...target, callers });
      const lines = toPageLines(target.serverUrl ?? '<address of Keycloak>', target.realm, page, appUrl);
      const handed = {
        target: { ...target, clientId: page },
        plan,
        lines: [...lines, 'npx keycloak-guard doctor'],
      };
      return handOver(file, handed, visit, out, visit.questions);
    }
    return setUpCallers(
      visit,
      callers,
      (api) => `a page that calls ${api}`,
      ({ serverUrl, realm }) =>
        toPageLines(serverUrl, realm, page, appUrl).forEach((line) => void out.line(line)),
      out,
    );
  },
};
