import { CALLBACK_PATH } from '../../../admin/goal.ts';
import { isStranger, toExcerpt, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { networkZoneOf } from '../../../settings/address.ts';
import { toShellWord } from '../../../terminal/output.ts';
import {
  type Check,
  check,
  checkOf,
  checksOfAnswer,
  type Finding,
  fail,
  isAboutUser,
  kcadm,
  type Look,
  noBrowserLogin,
  ok,
  onPage,
  type Rule,
  refusalOf,
  skipped,
  warn,
} from '../../check.ts';
import type { Reach } from '../../context.ts';
import { type ClientEvidence, findClientState, type SpaEvidence } from '../../evidence/client.ts';
import { audienceOf, decodeJwt } from '../../evidence/token.ts';
import { SET_HOSTNAME } from '../realm.ts';
import { adviseOnAudience } from '../token-input/refusal.ts';

type Authorization = Awaited<ReturnType<ClientEvidence['authorization']>>;

const LOGIN_RULES: readonly Rule<Authorization>[] = [
  {
    id: 'client.standard-flow',
    good: 'on',
    judge: ({ words }, { reach }) =>
      /standard flow is disabled|not allowed to initiate browser login/i.test(words)
        ? fail(
            words,
            `the standard flow is off: the client '${reach.caller.clientId}' may not log users in with a browser`,
            `${onPage(reach, 'Settings > Capability config > Standard flow ON')}\n${kcadm(reach, 'standardFlowEnabled=true')}`,
            [],
          )
        : undefined,
  },
  {
    id: 'client.redirect-uri',
    good: 'accepted',
    judge({ words }, { reach, options: { appUrl } }) {
      const [refusal] = /(\S{1,40} )?parameter\w{0,9}:? redirect_uri/i.exec(words) ?? [];
      if (refusal === undefined) return undefined;
      const uri = appUrl + CALLBACK_PATH;
      return fail(
        refusal,
        `${uri} is not among the valid redirect URIs of the client '${reach.caller.clientId}'`,
        `${onPage(reach, `Settings > Access settings > Valid redirect URIs: add ${uri}`)} (or call the doctor with --app, if the API has another address)\n${kcadm(reach, `redirectUris+=${uri}`)}`,
        [`--app=${appUrl}`],
      );
    },
  },
  {
    id: 'client.pkce',
    good: 'S256 is accepted',
    judge: ({ words }, { reach }) =>
      /code.challenge/i.test(words)
        ? fail(
            words,
            'the client wants another PKCE method than S256, which this service sends',
            `${onPage(reach, 'Advanced > Proof Key for Code Exchange Code Challenge Method = S256')}\n${kcadm(reach, 'attributes."pkce.code.challenge.method"=S256')}`,
            [],
          )
        : undefined,
  },
  {
    id: 'client.par',
    good: 'not required',
    judge: ({ words }, { reach }) =>
      /pushed authorization request/i.test(words)
        ? fail(
            words,
            'the client requires pushed authorization requests (PAR), which the browser login of this service does not send; POST /login is not affected',
            `${onPage(reach, 'Advanced > Pushed authorization request required OFF')}\n${kcadm(reach, 'attributes."require.pushed.authorization.requests"=false')}`,
          )
        : undefined,
  },
  {
    id: 'client.browser-login',
    good: 'Keycloak would show its login page',
    async judge({ words, cameBack, answer }, { reach }) {
      const stranger = cameBack ? undefined : judgeStranger(answer);
      if (stranger !== undefined) return stranger;
      if (cameBack && /^(login|interaction|consent|account_selection)_required/.test(words))
        return judgeBrowserAddress(reach, new URL(answer.url));
      const isRequestObject = answer.status === 400 && /invalid request/i.test(words);
      return fail(
        `HTTP ${answer.status} ${toExcerpt(words)}`,
        `Keycloak refuses a browser login of this client: ${toExcerpt(words) || `HTTP ${answer.status}`}`,
        isRequestObject
          ? onPage(
              reach,
              'Advanced > Request object required = Not required (if that is what it is; the words above are all Keycloak says)',
            )
          : onPage(
              reach,
              'Settings and Advanced: look for the setting that the words above name. A client policy (Realm settings > Client policies) can be the reason too.',
            ),
      );
    },
  },
];

/** Browsers are sent where the discovery document says. Whether another name is right, `issuer.hostname` says. */
async function judgeBrowserAddress({ realm, calls }: Reach, called: URL): Promise<Finding | undefined> {
  const address = String((await realm.discovery()).json?.authorization_endpoint);
  if (!URL.canParse(address) || new URL(address).origin === called.origin) return undefined;
  const [name, ownName] = [new URL(address).hostname, called.hostname];
  const areHere = [name, ownName].every((one) => networkZoneOf(one) === 'this-machine');
  if (name !== ownName && !areHere) return undefined;
  const answer = await calls.get(address + called.search);
  // A browser may trust more certificates than Node.
  const hasNoAnswer = answer.status === 0 && !/CERT|SELF_SIGNED|UNABLE_TO/.test(answer.failure ?? '');
  if (!hasNoAnswer && !isStranger(answer)) return undefined;
  return fail(
    toWords(answer),
    `Keycloak sends browsers to ${address}, where it does not answer: nobody can sign in`,
    SET_HOSTNAME,
  );
}

const clientWebOrigins = check('client.web-origins', ['client.type'], async ({ reach, options }) => {
  const other = await noBrowserLogin(reach);
  if (other !== undefined) return other;
  const answer = await reach.client.fromOrigin();
  const { origin } = new URL(options.appUrl);
  if (answer.status === 0 || isStranger(answer)) return skipped(toWords(answer));
  // It is refused even without our Origin.
  if (/invalid origin/i.test((await reach.client.passwordGrant()).text))
    return skipped('another Origin is added on the way');
  const isRefused = /invalid origin/i.test(answer.text);
  // Before 26.6 Keycloak does not refuse; it only leaves out the header that lets a browser read the answer.
  if (!isRefused && [origin, '*'].includes(answer.headers.get('access-control-allow-origin') ?? ''))
    return ok(origin);
  if (!isRefused && answer.status >= 500) return skipped(toWords(answer));
  return warn(
    isRefused ? toWords(answer) : `no Access-Control-Allow-Origin for ${origin}`,
    `${origin} is not among the client's web origins: pages of it, and requests that pass its Origin header on, are refused by Keycloak`,
    `${onPage(reach, `Settings > Access settings > Web origins: add ${origin}`)} (a redirect URI alone is not enough; '+' copies their origins). And do not pass the browser's Origin header on to Keycloak.`,
    [`--app=${options.appUrl}`],
  );
});

export const BROWSER_LOGIN_CHECKS = [
  ...checksOfAnswer(
    LOGIN_RULES,
    ['client.enabled', 'client.type'],
    ({ client }) => client.authorization(),
    noBrowserLogin,
  ),
  clientWebOrigins,
];

const about = (id: string, needs: readonly string[], look: Look<SpaEvidence>): Check =>
  checkOf({ find: (context) => context.spa, otherwise: 'no single-page app (--spa)' }, id, needs, look);

/** Checks of a single-page app's client (`--spa CLIENT --origin URL`), as its page meets Keycloak. */
export const SPA_CHECKS: readonly Check[] = [
  about('spa.client', ['realm.enabled'], async (spa, { reach }) => {
    const state = await findClientState(spa.client);
    if (state === 'disabled' || !(await spa.client.knows(spa.clientId)))
      return fail(
        toExcerpt((await spa.client.authorization()).words),
        `the realm '${reach.caller.realm}' has no client '${spa.clientId}' (the case of the letters counts), or it is disabled`,
        `npx keycloak-guard setup spa ${toShellWord(spa.clientId)} --app ${toShellWord(spa.origin)}`,
      );
    const { words } = await spa.client.authorization();
    if (/standard flow is disabled|not allowed to initiate browser login/i.test(words))
      return fail(
        words,
        'the standard flow is off: nobody can sign in with a browser',
        `Clients > ${spa.clientId} > Settings > Capability config > Standard flow ON`,
      );
    const grant = await spa.client.passwordGrant();
    if (state === 'wrong-secret' || state === 'other-authenticator')
      return fail(
        refusalOf(grant),
        'the client is confidential: it wants a credential, and a page cannot keep one',
        `Give the page a public client of its own: npx keycloak-guard setup spa NAME --app ${toShellWord(spa.origin)}. Do not make the client of an API public.`,
      );
    if (isAboutUser(grant) || grant.status === 200)
      return warn(
        'direct access grants are on',
        'pages of this client could collect passwords themselves; with PKCE no single-page app needs that',
        `Clients > ${spa.clientId} > Settings > Capability config > Direct access grants OFF`,
      );
    if (state === 'unclear') return judgeStranger(grant) ?? skipped(toWords(grant));
    return ok('public, standard flow');
  }),
  about('spa.redirect-uri', ['spa.client'], async (spa) => {
    const { words } = await spa.client.authorization();
    if (!/parameter\w{0,9}:? redirect_uri/i.test(words)) return ok(spa.redirectUri);
    const known = await spa.redirectUris();
    return fail(
      toExcerpt(words),
      `${spa.redirectUri} is not among the valid redirect URIs of '${spa.clientId}'${known === undefined ? '' : ` (${known.join(', ') || 'none'})`}. It is compared letter by letter: scheme, port, path, a slash at the end`,
      `Clients > ${spa.clientId} > Settings > Valid redirect URIs: add ${spa.redirectUri}. If the page lets sign-ins come back to another address, give that to --origin.`,
    );
  }),
  about('spa.pkce', ['spa.redirect-uri'], async (spa) => {
    const { words } = await spa.client.authorization();
    if (/code.challenge/i.test(words))
      return fail(
        words,
        'the client wants another PKCE method than S256, which keycloak-js and oidc-client-ts send',
        `Clients > ${spa.clientId} > Advanced > Proof Key for Code Exchange Code Challenge Method = S256`,
      );
    if (/code.challenge/i.test((await spa.client.withoutPkce()).words)) return ok('S256 is required');
    return warn(
      'a sign-in without PKCE is taken',
      'a code that leaks can be exchanged by whoever has it: nothing but PKCE ties it to the page',
      `Clients > ${spa.clientId} > Advanced > Proof Key for Code Exchange Code Challenge Method = S256`,
    );
  }),
  about('spa.web-origins', ['spa.client'], async (spa) => {
    const answer = await spa.client.fromOrigin();
    if (answer.status === 0) return skipped(answer.failure ?? 'no answer');
    if ([spa.origin, '*'].includes(answer.headers.get('access-control-allow-origin') ?? ''))
      return ok(spa.origin);
    return fail(
      `no Access-Control-Allow-Origin for ${spa.origin}`,
      `${spa.origin} is not among the web origins of '${spa.clientId}': the browser shows the page no answer of the token endpoint, and reports a CORS error`,
      `Clients > ${spa.clientId} > Settings > Web origins: add ${spa.origin} (no path, no slash at the end; '+' takes the redirect URIs)`,
    );
  }),
  about('spa.audience', ['spa.client'], async (spa, { reach, token, assumed }) => {
    if (assumed.includes('KEYCLOAK_CLIENT_ID'))
      return skipped("the API's client is not known (KEYCLOAK_CLIENT_ID)");
    const piped = decodeJwt(token)?.claims;
    const claims = piped?.azp === spa.clientId ? piped : await spa.exampleClaims();
    if (claims === undefined)
      return skipped(`no token of '${spa.clientId}': an admin and --user, or one by --token -`);
    const audiences = reach.config.audience ?? [reach.caller.clientId];
    const has = audienceOf(claims);
    if (audiences.some((one) => has.includes(one))) return ok(`aud ${has.join(', ')}`);
    return fail(
      `aud ${has.join(', ') || 'none'}`,
      `tokens of '${spa.clientId}' are not for the API ('${audiences.join("' or '")}'): it must refuse them`,
      await adviseOnAudience(reach, spa.clientId, audiences),
    );
  }),
];
