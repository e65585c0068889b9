import type { Answer } from '../../../keycloak/call.ts';
import { toWords } from '../../../keycloak/page.ts';
import { type Finding, fail, warn } from '../../check.ts';

/** What an answer means that is neither "come in" nor a proper refusal. `undefined`: it is one of these. */
export function judgeAnswer(answer: Answer): Finding | undefined {
  const { status, headers, text, failure, url } = answer;
  const words = toWords(answer);
  const say = (cause: string, fix: string) => fail(words, cause, fix);
  if (status === 0) {
    return say(
      `there was no answer: ${failure}`,
      'Start the API, or correct host, port and scheme of --route. A name of the containers is not known outside of them.',
    );
  }
  const location = headers.get('location');
  if (status >= 300 && status < 400) {
    const isLogin = /openid-connect\/auth|log-?in|sign-?in|oauth2\/start/i.test(location ?? '');
    if (!isLogin) {
      return say(
        `the route redirects (${words}), and programs do not follow: the scheme, the host name or a slash at the end is another one`,
        'Name the address to which it redirects, in --route and in the callers.',
      );
    }
    return warn(
      words,
      'the route sends callers without a good token to a login page: right for pages of a browser, wrong for an API (fetch reports a CORS error, programs get a page)',
      'Guard routes of an API by the bearer token alone, so that they answer 401. Where one application has both, split them by path, or by Accept: text/html.',
    );
  }
  if (status === 401 && !/^(bearer|dpop)\b/i.test(headers.get('www-authenticate') ?? '')) {
    const scheme = headers.get('www-authenticate')?.split(' ')[0];
    if (scheme !== undefined) {
      return say(
        `something else than this API guards the route: it wants ${scheme}`,
        'Take the login of the proxy away from this path, or call the API behind it.',
      );
    }
    return warn(
      words,
      "401 without WWW-Authenticate: clients are not told that a token is wanted, nor what is wrong with theirs (RFC 6750 §3). A guard of one's own, or a proxy that takes the header away",
      "Answer WWW-Authenticate: Bearer, with error and error_description where a token was sent; keycloak-guard's adapters do.",
    );
  }
  if (status === 404) {
    return say(
      `the API has no route ${new URL(url).pathname} (for GET), or a proxy sends the path elsewhere`,
      'Correct the path of --route; look at prefixes (/api) and at what the proxy takes off.',
    );
  }
  if (status === 405) return say('the route takes no GET', 'Name a route that does: the doctor only reads.');
  if (status === 429) return say('the API limits the calls (429)', 'Try again later, or raise its limit.');
  if (status === 502 || status === 503 || status === 504) {
    return say(
      `a proxy answered in place of the API, or the API waits for Keycloak (HTTP ${status})`,
      "Look at the proxy's log and at the API's: keycloak-guard answers 503 while it has no keys of the realm.",
    );
  }
  if (status >= 500) {
    return say(
      'the route fails: something throws where it should refuse, or behind the guard',
      "Look into the API's log for this moment, and give its line to --explain.",
    );
  }
  if (status < 300 && /^\s*<(!doctype|html)/i.test(text)) {
    return say(
      'a page came where JSON is expected: the start page of a single-page app, a login page, or the page of a proxy',
      "Name the route of the API itself; let the proxy send the API's path to the API.",
    );
  }
  return undefined;
}
