import { ConfigError } from '@keycloak-guard/server/config';
import { readChallenges } from 'keycloak-guard/unstable';
import { type Answer, toWords } from '../../keycloak/call.ts';
import { type Check, checkOf, type Finding, fail, type Look, ok, skipped, warn } from '../check.ts';
import type { DoctorContext, Reach } from '../context.ts';
import type { RouteEvidence } from '../evidence/route.ts';
import { audienceOf, type Claims, decodeJwt } from '../evidence/token.ts';
import { explain } from '../explain.ts';
import { adviseOnAudience } from './token-input/refusal.ts';

const isIn = (status: number) => status >= 200 && status < 300;

/** Explains an answer that is neither a success nor a proper refusal. `undefined`: it is one of these. */
function judgeAnswer(answer: Answer, { routeUrl }: DoctorContext['options']): Finding | undefined {
  const { status, headers, text, failure, url } = answer;
  const words = toWords(answer);
  const say = (cause: string, fix: string) => fail(words, cause, fix);
  // The route of a service that runs was not named: an API of one's own has others.
  if (routeUrl === undefined && (isIn(status) ? answer.json === undefined : status < 400 || status === 404))
    return skipped(`no /protected: ${words}`);
  if (status === 0)
    return say(
      `there was no answer: ${failure}`,
      'Start the API, or correct host, port and scheme of --route. A name of the containers is not known outside of them.',
    );
  const location = headers.get('location');
  if (status >= 300 && status < 400) {
    const isLogin = /openid-connect\/auth|log-?in|sign-?in|oauth2\/start/i.test(location ?? '');
    if (!isLogin)
      return say(
        `the route redirects (${words}), and programs do not follow: the scheme, the host name or a slash at the end is another one`,
        'Name the address to which it redirects, in --route and in the callers.',
      );
    return warn(
      words,
      'the route sends callers without a good token to a login page: right for pages of a browser, wrong for an API (fetch reports a CORS error, programs get a page)',
      'Guard routes of an API by the bearer token alone, so that they answer 401. Where one application has both, split them by path, or by Accept: text/html.',
    );
  }
  if (status === 401 && !/^(bearer|dpop)\b/i.test(headers.get('www-authenticate') ?? '')) {
    const scheme = headers.get('www-authenticate')?.split(' ')[0];
    if (scheme !== undefined)
      return say(
        `something else than this API guards the route: it wants ${scheme}`,
        'Take the login of the proxy away from this path, or call the API behind it.',
      );
    return warn(
      words,
      "401 without WWW-Authenticate: clients are not told that a token is wanted, nor what is wrong with theirs (RFC 6750 §3). A guard of one's own, or a proxy that takes the header away",
      "Answer WWW-Authenticate: Bearer, with error and error_description where a token was sent; keycloak-guard's adapters do.",
    );
  }
  if (status === 404)
    return say(
      `the API has no route ${new URL(url).pathname} (for GET), or a proxy sends the path elsewhere`,
      'Correct the path of --route; look at prefixes (/api) and at what the proxy takes off.',
    );
  if (status === 405) return say('the route takes no GET', 'Name a route that does: the doctor only reads.');
  if (status === 429) return say('the API limits the calls (429)', 'Try again later, or raise its limit.');
  if (status === 502 || status === 503 || status === 504)
    return say(
      `a proxy answered in place of the API, or the API waits for Keycloak (HTTP ${status})`,
      "Look at the proxy's log and at the API's: keycloak-guard answers 503 while it has no keys of the realm.",
    );
  if (status >= 500)
    return say(
      'the route fails: something throws where it should refuse, or behind the guard',
      "Look into the API's log for this moment, and give its line to --explain.",
    );
  if (status < 300 && /^\s*<(!doctype|html)/i.test(text))
    return say(
      'a page came where JSON is expected: the start page of a single-page app, a login page, or the page of a proxy',
      "Name the route of the API itself; let the proxy send the API's path to the API.",
    );
  return undefined;
}

/** The API says that the token is for another audience. By `azp` alone, only some APIs take a token. */
async function judgeAudience(words: string, claims: Claims, reach: Reach): Promise<Finding> {
  const { audience } = reach.config;
  const expected = audience ?? [reach.caller.clientId];
  const [seen, wants] = [audienceOf(claims), expected.join("' or '")];
  const has = `aud ${seen.join(', ') || 'none'}, azp ${claims.azp ?? 'none'}`;
  const isRight = seen.some((one) => expected.includes(one));
  const byAzp = expected.includes(String(claims.azp)) ? '. The API looks at aud, not at azp' : '';
  const cause = isRight
    ? `the API runs with other settings than the doctor read: those expect '${wants}', and the token has it (${has})`
    : `the token is not for this API: it has ${has}, and the doctor's settings expect '${wants}'${byAzp}`;
  const compare =
    "Compare KEYCLOAK_CLIENT_ID and KEYCLOAK_AUDIENCE of the running API with those of the doctor (--env), and restart it. The log of keycloak-guard's service, at LOG_LEVEL=debug, says what it expects.";
  return fail(words, cause, isRight ? compare : await adviseOnAudience(reach, claims.azp, audience));
}

const about = (id: string, needs: readonly string[], look: Look<RouteEvidence>): Check =>
  checkOf({ find: (context) => context.route, otherwise: 'no route (--route)' }, id, needs, look);

/** Checks of a route of an own API (`--route`): what its answers mean. */
export const ROUTE_CHECKS: readonly Check[] = [
  about('route.no-token', [], async (route, { options }) => {
    const answer = await route.withoutToken();
    const finding = judgeAnswer(answer, options);
    if (finding !== undefined) return finding;
    if (isIn(answer.status))
      return fail(
        `HTTP ${answer.status} without a token`,
        'the route is open: it answers without a token',
        'If it is to be guarded: the guard before the route (order of middleware), for this path and method. If it is public, name another one.',
      );
    if (answer.status === 403)
      return warn(
        toWords(answer),
        'a request without a token gets 403, so clients do not sign in',
        'Answer 401 with WWW-Authenticate: Bearer where there is no good token, and 403 where a good one is not enough (RFC 6750 §3.1).',
      );
    if (answer.status === 401) return ok('401, and says that a token is wanted');
    return skipped(`HTTP ${answer.status}: neither open nor guarded (${toWords(answer)})`);
  }),
  about('route.forged', ['route.no-token'], async (route, { options }) => {
    for (const [what, answer] of [
      ['a token whose signature is made up', await route.withForged()],
      ['a token without a signature (alg none)', await route.withUnsigned()],
    ] as const) {
      if (isIn(answer.status))
        return fail(
          `HTTP ${answer.status}`,
          `the route lets in ${what}: it reads tokens and does not verify them, so anybody can act as any user`,
          'Verify the signature by the keys of the realm, with a fixed list of algorithms, before anything else. Do not use jwt.decode for it.',
        );
      const finding = judgeAnswer(answer, options);
      if (finding !== undefined) return finding;
      if (answer.status === 403)
        return warn(
          toWords(answer),
          `${what} is refused with 403: the caller cannot know that another token would do`,
          'Answer 401 with error="invalid_token" (RFC 6750 §3.1).',
        );
    }
    return ok('refused, with another signature and with none');
  }),
  about('route.token', [], async (route, context) => {
    if (route.isUnsafe !== undefined) return skipped(route.isUnsafe);
    const answer = await route.withToken();
    if (answer === undefined)
      return skipped(
        context.token === undefined
          ? 'no good token: give --token -, or --user and DOCTOR_PASSWORD'
          : 'the token that was piped in is no JWT that can be read',
      );
    const finding =
      isIn(answer.status) || answer.status !== 401 ? judgeAnswer(answer, context.options) : undefined;
    if (finding !== undefined) return finding;
    if (isIn(answer.status)) return ok(`HTTP ${answer.status} with a good token`);
    const { claims = {} } = decodeJwt(context.token ?? (await context.reach.login?.token())) ?? {};
    const words = toWords(answer);
    if (answer.status === 403)
      return fail(
        words,
        `the token is good, and not enough: the route wants a role, a scope, a group or a permission that it does not have. It has the scope '${claims.scope ?? ''}'; content and roles: --token -`,
        'Name what the route wants, and the doctor says why the token lacks it: --needs role=NAME, group=PATH, organization=ALIAS, scope=NAME',
      );
    if (answer.status === 401) {
      const challenge = answer.headers.get('www-authenticate') ?? '';
      const why = explain(`${challenge} ${answer.text.slice(0, 2000)}`).find(({ status }) => status === 'ok');
      const isSet =
        !(context.settings instanceof ConfigError) && !context.assumed.includes('KEYCLOAK_CLIENT_ID');
      if (why?.id === 'explain.wrong-audience' && isSet) return judgeAudience(words, claims, context.reach);
      const reason = readChallenges(challenge).find(({ description }) => description)?.description;
      return fail(
        words,
        why?.cause ??
          `the API refuses a token that Keycloak issued (iss ${claims.iss}, aud ${[claims.aud ?? 'none'].flat().join(', ')}), and ${reason === undefined ? 'does not say why: it expects another issuer or audience, or has old keys' : `says '${reason}'`}`,
        why?.fix ??
          "Compare iss and aud with the API's settings; its log has the reason. If token.accepted passes, the API runs with other settings than these.",
      );
    }
    return fail(
      words,
      `the API answers HTTP ${answer.status} to a good token`,
      "The API's log has the reason.",
    );
  }),
  about('route.cors', [], async (route) => {
    const { origin } = route;
    if (origin === undefined) return skipped('no page (--origin)');
    const answer = await route.preflight();
    const header = (name: string) => answer.headers.get(`access-control-allow-${name}`) ?? '';
    const fix = `CORS before the guard, for ${origin} exactly: Access-Control-Allow-Origin: ${origin}, Access-Control-Allow-Headers: authorization, content-type, on refusals too.`;
    if (answer.status === 0) return skipped(toWords(answer));
    if (!isIn(answer.status))
      return fail(
        `OPTIONS: ${toWords(answer)}`,
        'a browser asks first, without a token, and the answer is not 2xx: it then does not send the request. The guard or a redirect comes before CORS',
        fix,
      );
    if (header('origin') !== origin && header('origin') !== '*')
      return fail(
        `Access-Control-Allow-Origin: ${header('origin') || 'none'}`,
        `pages of ${origin} may not read the API's answers`,
        fix,
      );
    // Fetch standard: * does not stand for Authorization.
    if (!/(^|,)\s*authorization\s*(,|$)/i.test(header('headers')))
      return fail(
        `Access-Control-Allow-Headers: ${header('headers') || 'none'}`,
        'the browser may not send the header Authorization (a * does not include it)',
        fix,
      );
    const refusal = (await route.withoutToken()).headers.get('access-control-allow-origin');
    if (refusal !== origin && refusal !== '*')
      return warn(
        'the refusal has no Access-Control-Allow-Origin',
        'the page cannot see a 401: it looks like a CORS error, and the page does not sign in',
        fix,
      );
    return ok(`${origin} may call it with a token`);
  }),
];
