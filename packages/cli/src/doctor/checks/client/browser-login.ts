import { CALLBACK_PATH } from '../../../admin/index.ts';
import { isStranger, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { type Check, check, type Finding, fail, ok, skipped, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { kcadm, noBrowserLogin, onPage } from '../../words.ts';

type Judge = (words: string, reach: Reach, appUrl: string) => Finding | undefined;

/** Makes a check of the authorization endpoint's answer, which is asked for once for all of these checks. */
function aboutBrowserLogin(id: string, good: string, judge: Judge): Check {
  return check(id, ['client.enabled', 'client.type'], async ({ reach, options }) => {
    const other = await noBrowserLogin(reach);
    if (other !== undefined) return other;
    const { words } = await reach.client.authorization();
    return judge(words, reach, options.appUrl) ?? ok(good);
  });
}

const clientStandardFlow = aboutBrowserLogin('client.standard-flow', 'on', (words, reach) =>
  /standard flow is disabled|not allowed to initiate browser login/i.test(words)
    ? fail(
        words,
        `the standard flow is off: the client '${reach.caller.clientId}' may not log users in with a browser`,
        `${onPage(reach, 'Settings > Capability config > Standard flow ON')}\n${kcadm(reach, 'standardFlowEnabled=true')}`,
        [],
      )
    : undefined,
);

const clientRedirectUri = aboutBrowserLogin('client.redirect-uri', 'accepted', (words, reach, appUrl) => {
  if (!/parameter\w*:? redirect_uri/i.test(words)) return undefined;
  const uri = appUrl + CALLBACK_PATH;
  return fail(
    words.slice(0, 160),
    `${uri} is not among the valid redirect URIs of the client '${reach.caller.clientId}'`,
    `${onPage(reach, `Settings > Access settings > Valid redirect URIs: add ${uri}`)} (or call the doctor with --app, if the API has another address)\n${kcadm(reach, `redirectUris+=${uri}`)}`,
    ['--app', appUrl],
  );
});

const clientPkce = aboutBrowserLogin('client.pkce', 'S256 is accepted', (words, reach) =>
  /code.challenge/i.test(words)
    ? fail(
        words,
        'the client wants another PKCE method than S256, which this service sends',
        `${onPage(reach, 'Advanced > Proof Key for Code Exchange Code Challenge Method = S256')}\n${kcadm(reach, 'attributes."pkce.code.challenge.method"=S256')}`,
        [],
      )
    : undefined,
);

const clientPar = aboutBrowserLogin('client.par', 'not required', (words, reach) =>
  /pushed authorization request/i.test(words)
    ? fail(
        words,
        'the client requires pushed authorization requests (PAR), which the browser login of this service does not send; POST /login is not affected',
        `${onPage(reach, 'Advanced > Pushed authorization request required OFF')}\n${kcadm(reach, 'attributes."require.pushed.authorization.requests"=false')}`,
      )
    : undefined,
);

const clientBrowserLogin = check(
  'client.browser-login',
  ['client.standard-flow', 'client.redirect-uri', 'client.pkce', 'client.par'],
  async ({ reach }) => {
    const { words, cameBack, answer } = await reach.client.authorization();
    const stranger = cameBack ? undefined : judgeStranger(answer);
    if (stranger !== undefined) return stranger;
    if (cameBack && /^(login|interaction|consent|account_selection)_required/.test(words)) {
      return ok('Keycloak would show its login page');
    }
    if (
      /redirect.?uri|nonce|code_challenge|request object|loopback/i.test(words) &&
      !/request object/i.test(words)
    ) {
      return fail(
        `HTTP ${answer.status} ${words.slice(0, 200)}`,
        `Keycloak refuses a browser login of this client (${words.slice(0, 120)}): a client policy asks for more than the client's own settings`,
        `Realm settings > Client policies > Policies: take the client '${reach.caller.clientId}' out of the conditions of the policy, or meet it (https:// addresses, for example)`,
      );
    }
    const isRequestObject = answer.status === 400 && /invalid request/i.test(words);
    return fail(
      `HTTP ${answer.status} ${words.slice(0, 200)}`,
      `Keycloak refuses a browser login of this client: ${words.slice(0, 120) || `HTTP ${answer.status}`}`,
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
);

const clientWebOrigins = check('client.web-origins', ['client.type'], async ({ reach, options }) => {
  const other = await noBrowserLogin(reach);
  if (other !== undefined) return other;
  const answer = await reach.client.fromOrigin();
  const { origin } = new URL(options.appUrl);
  if (answer.status === 0 || isStranger(answer)) return skipped(toWords(answer));
  // It is refused even without our Origin.
  if (/invalid origin/i.test((await reach.client.passwordGrant()).text)) {
    return skipped('another Origin is added on the way');
  }
  const isRefused = /invalid origin/i.test(answer.text);
  // Before 26.6 Keycloak does not refuse; it only leaves out the header that lets a browser read the answer.
  if (!isRefused && answer.headers.get('access-control-allow-origin') !== null) return ok(origin);
  if (!isRefused && answer.status >= 500) return skipped(toWords(answer));
  return warn(
    isRefused ? toWords(answer) : `no Access-Control-Allow-Origin for ${origin}`,
    `${origin} is not among the client's web origins: pages of it, and requests that pass its Origin header on, are refused by Keycloak`,
    `${onPage(reach, `Settings > Access settings > Web origins: add ${origin}`)} (a redirect URI alone is not enough; '+' copies their origins). And do not pass the browser's Origin header on to Keycloak.`,
    ['--app', options.appUrl],
  );
});

export const BROWSER_LOGIN_CHECKS = [
  clientStandardFlow,
  clientRedirectUri,
  clientPkce,
  clientPar,
  clientBrowserLogin,
  clientWebOrigins,
];
