import { toWords } from '../../../keycloak/page.ts';
import { fail, loginCheck, ok, warn } from '../../check.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { reasonOf } from '../../evidence/refusal.ts';
import { explainStale } from './stale.ts';

export const loginUserinfo = loginCheck('login.userinfo', ['login.password'], async (login, { reach }) => {
  const answer = await login.userinfo();
  const type = answer.headers.get('content-type') ?? '';
  const claims = decodeJwt(await login.token())?.claims ?? {};
  const { clientId } = reach.caller;
  if (answer.status === 200 && answer.json !== undefined) {
    if (claims.sub !== undefined && answer.json.sub !== claims.sub) {
      return warn(
        'another sub than in the token',
        'userinfo has another sub for the user than the token (a pairwise or a hard-coded sub mapper)',
        `Clients > ${clientId} > Client scopes > ${clientId}-dedicated: make the mapper of 'sub' apply to both`,
      );
    }
    return ok(`${Object.keys(answer.json).length} claims`);
  }
  if (answer.status === 200) {
    const what = /jwt/.test(type)
      ? answer.text.split('.').length === 5
        ? 'encrypted'
        : 'signed'
      : `of type ${type || 'unknown'}`;
    return warn(
      `HTTP 200 ${type}`,
      `userinfo answers are ${what}, not JSON: clients that read JSON fail, and this service cannot fill missing claims from them`,
      `Clients > ${clientId} > Advanced > Fine grain OpenID Connect configuration > User info signed response algorithm (and encryption): Unsigned / clear it`,
    );
  }
  const words = toWords(answer);
  const reason = reasonOf(answer);
  if (/^invalid_token:? lightweight/i.test(reason)) {
    return warn(
      words,
      'userinfo refuses lightweight access tokens (Keycloak 26.6.2 and later)',
      `Clients > ${clientId} > Advanced > Always use lightweight access token OFF; or introspect instead`,
    );
  }
  if (/^insufficient_scope/i.test(reason)) {
    return fail(
      words,
      "the token has no scope 'openid', and userinfo wants it",
      `Ask for scope=openid at login, or make a client scope named 'openid' and add it: Clients > ${clientId} > Client scopes > Add client scope > Default`,
    );
  }
  return explainStale(words, 'userinfo', answer, reach);
});
