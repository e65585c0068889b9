import type { Answer } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { type Finding, failOn, type Say } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { findNotBefore } from '../../evidence/not-before.ts';
import { findOddClaims } from '../../evidence/odd-claims.ts';
import { isTooLong, lacksToken, reasonOf } from '../../evidence/refusal.ts';
import { tooLong } from '../token/size.ts';

/** Why Keycloak refuses a token that it just issued. */
export async function explainStale(
  seen: string,
  who: string,
  answer: Answer,
  reach: Reach,
): Promise<Finding> {
  const token = (await reach.login?.token()) ?? '';
  const claims = decodeJwt(token)?.claims ?? {};
  const { realm, clientId } = reach.caller;
  const say = failOn(seen);
  if (isTooLong(answer)) return tooLong(seen, token, claims, reach);
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  if (lacksToken(answer)) {
    return say(
      `the token did not arrive: ${who} says that it was asked without one, so something on the way takes the Authorization header away`,
      'Let the proxy in front of Keycloak pass the Authorization header on (nginx: no proxy_set_header Authorization ""; Apache: CGIPassAuth or RequestHeader; a login in front of Keycloak must leave /realms/ alone).',
    );
  }
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat)) {
    return say(
      `tokens are revoked until ${new Date(notBefore.at * 1000).toISOString()} (not-before of the ${notBefore.of}), so even a fresh token is refused`,
      notBefore.fix,
    );
  }
  if (answer.status >= 500) return failedInside(say, who, reach);
  const issuer = (await reach.realm.discovery()).json?.issuer;
  if (claims.iss !== issuer) {
    return say(
      `the token is from the issuer ${claims.iss}, and Keycloak calls itself ${issuer}`,
      'Set KC_HOSTNAME of Keycloak to its public URL.',
    );
  }
  const odd = findOddClaims(claims, clientId);
  if (odd.length > 0) {
    return say(
      `${who} cannot read the token that Keycloak has just issued: a mapper writes over claims that Keycloak reads itself: ${odd.join(', ')}`,
      `Clients > ${clientId} > Client scopes > ${clientId}-dedicated (and the mappers of its other scopes): take out the mapper of ${odd.map((one) => one.split(' ')[0]).join(', ')}, or give it another claim name`,
    );
  }
  if (/token verification failed/i.test(reasonOf(answer))) {
    const hint =
      reach.admin === null
        ? ' With KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD the doctor can see it.'
        : '';
    return say(
      `${who} does not verify a token that was issued a moment ago: a not-before (of the realm, the client or the user) that lies ahead, or a signing key that is no longer active`,
      `Sessions > Action > Revocation > Clear (realm); Clients > ${clientId} > Advanced > Revocation; Realm settings > Keys (realm ${realm}).${hint}`,
    );
  }
  if (/invalid origin/i.test(reasonOf(answer) + answer.text)) {
    return say(
      'Keycloak refuses the Origin header of the call',
      `Clients > ${clientId} > Settings > Web origins`,
    );
  }
  return say(
    `${who} refuses a token that was issued a moment ago: ${seen}`,
    'The words above are all Keycloak says; its log (event type USER_INFO_REQUEST_ERROR or INTROSPECT_TOKEN_ERROR) may say more.',
  );
}

async function failedInside(say: Say, who: string, reach: Reach): Promise<Finding> {
  const attributes = (await reach.admin?.client().catch(() => undefined))?.attributes;
  const encryption = attributes?.['user.info.encrypted.response.alg'];
  if (encryption) {
    return say(
      `the client wants encrypted userinfo answers ('${encryption}'), and Keycloak has no key of the client to encrypt with`,
      `Clients > ${reach.caller.clientId} > Advanced > Fine grain OpenID Connect configuration > User info response encryption key management algorithm: clear it`,
    );
  }
  return say(
    `Keycloak failed while answering ${who}`,
    "Look into Keycloak's log for the stack trace of this moment; usual reasons: encryption of userinfo answers without a key of the client (Clients > Advanced > User info response encryption), a client policy (Realm settings > Client policies), a mapper.",
  );
}
