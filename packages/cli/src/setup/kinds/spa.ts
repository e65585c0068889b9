import { applySpaStep, planSpa, readAudience } from '../../admin/index.ts';
import { isHttpUrl } from '../../door/options.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import type { SetupKind } from '../kind.ts';
import {
  CODES_USAGE,
  needClientId,
  openVisit,
  parseFlags,
  REALM_FLAGS,
  REALM_USAGE,
  readVisit,
} from '../visit.ts';

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
  ...REALM_FLAGS,
  'client-id': { type: 'string' },
  'app-url': { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
} as const;

export const spa: SetupKind = {
  summary: 'a single-page app: public client, PKCE, tokens for the API',
  usage,
  async run(args, { environment, out }) {
    const { values: flags, positionals } = parseFlags('spa', args, FLAGS);
    const [page = '', ...others] = positionals;
    const appUrl = (flags['app-url'] ?? '').replace(/\/+$/, '');
    const redirectUris = flags['redirect-uri'] ?? [`${appUrl}/`];
    const problems: string[] = [];
    if (page === '' || others.length > 0)
      problems.push('setup spa needs the client id of the page, for example shop-page');
    if (!isHttpUrl(appUrl))
      problems.push('--app-url must be the address of the page, for example http://localhost:5173');
    if (
      redirectUris.some(
        (uri) => uri.includes('*') || uri.includes('#') || (flags['redirect-uri'] && !isHttpUrl(uri)),
      )
    )
      problems.push('--redirect-uri must be a whole http or https address, without * and #');
    const visit = await readVisit(flags, { environment }, problems);
    const known = flags['client-id'] ?? visit.settings('KEYCLOAK_CLIENT_ID');
    const { api, serverUrl, realm, answers, questions } = await openVisit(
      visit,
      out,
      async (need, hasDefault) => [await needClientId(known, hasDefault, need)],
    );
    const [apiClientId = ''] = answers;
    const goal = { realm, clientId: page, apiClientId, appUrl, redirectUris };
    const state = await readAudience(api, { realm, clientId: apiClientId, callers: [page] });
    const title = `Keycloak at ${serverUrl}, realm ${realm}: a page that calls ${apiClientId}`;
    const part = toRealmPart(title, planSpa(state, goal), (step) => applySpaStep(api, goal, step), out);
    const { what, code } = await runPlan([part], visit, out, questions);
    if (code === 0 && (what === 'applied' || what === 'nothing')) {
      out.line(`In the page: authority ${serverUrl}/realms/${realm}, client id ${page}.`);
      out.line(`The API must allow requests of ${new URL(appUrl).origin} (CORS).`);
    }
    return code;
  },
};
