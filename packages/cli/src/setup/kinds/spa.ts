import { isHttpUrl } from '../../access/access.ts';
import { toSpaClient } from '../../admin/index.ts';
import { toUri } from '../../settings/app-url.ts';
import { lists, values } from '../../settings/flags.ts';
import type { SetupKind } from '../kind.ts';
import { CLIENT_FLAGS, CODES_USAGE, parseKindFlags, REALM_USAGE, readVisit } from '../visit.ts';
import { setUpCallers } from './callers.ts';

const usage = `keycloak-guard setup spa: a single-page app that calls an API

Creates a public client with PKCE for the page, whose tokens are for the API. The client of the API must exist
(setup api).

Usage: keycloak-guard setup spa <page> --app-url <url> --client-id <api> [options]

  <page>                    client id of the page
  --app-url <url>           address of the page, for example http://localhost:5173
  --client-id <id>          client of the API (KEYCLOAK_CLIENT_ID)
  --redirect-uri <url>      whole address to which Keycloak may send people back; can be repeated
                            (default <app-url>/)

${REALM_USAGE}

${CODES_USAGE}
`;

const FLAGS = {
  ...CLIENT_FLAGS,
  ...values('app-url'),
  ...lists('redirect-uri'),
} as const;

/** Mistakes in the addresses of a page. */
export function problemsOfPage(flag: string, appUrl: string, redirectUris: readonly string[] = []): string[] {
  const isWhole = (uri: string) => isHttpUrl(uri) && !/[*#]/.test(uri);
  const problems: string[] = [];
  if (!isWhole(appUrl))
    problems.push(`${flag} must be the address of the page, for example http://localhost:5173`);
  if (!redirectUris.every(isWhole))
    problems.push('--redirect-uri must be a whole http or https address, without * and #');
  return problems;
}

/** The settings that the page and the API need. */
export const toPageLines = (serverUrl: string, realm: string, page: string, appUrl: string): string[] => [
  `In the page: authority ${serverUrl}/realms/${realm}, client id ${page}.`,
  `The API must allow requests of ${new URL(appUrl).origin} (CORS).`,
];

export const spa: SetupKind = {
  summary: 'a single-page app: public client, PKCE, tokens for the API',
  usage,
  asks: [
    ['Client id of the page', 'shop-page', ''],
    ['Address of the page', 'http://localhost:5173', '--app-url'],
  ],
  async run(args, { environment, out }) {
    const { values: flags, positionals } = parseKindFlags('spa', args, FLAGS);
    const [page = '', ...others] = positionals;
    const appUrl = toUri((flags['app-url'] ?? '').replace(/\/+$/, ''));
    const uris = flags['redirect-uri']?.map(toUri);
    const problems = problemsOfPage('--app-url', appUrl, uris);
    if (page === '' || others.length > 0)
      problems.unshift('setup spa needs the client id of the page, for example shop-page');
    const visit = await readVisit(flags, { environment, out }, problems);
    const redirectUris = uris ?? [`${appUrl}/`];
    const callers = [{ clientId: page, wanted: toSpaClient({ clientId: page, appUrl, redirectUris }) }];
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
