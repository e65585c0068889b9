import { check, fail, ok, skipped, warn } from '../../check.ts';
import { audienceOf } from '../../evidence/jwt.ts';
import { addAudience } from '../client/say.ts';
import { findClaims, isLightweight, whyNoClaims } from './claims.ts';

export const mapperAudience = check('mappers.audience', ['client.known'], async ({ reach }) => {
  const claims = await findClaims(reach);
  if (claims === undefined) return skipped(whyNoClaims(reach));
  const { clientId, realm } = reach.caller;
  const wanted = reach.config.audience ?? [clientId];
  const there = audienceOf(claims);
  const seen = `aud: ${there.join(', ') || 'none'}`;
  if (wanted.some((one) => there.includes(one)) && there.includes(clientId)) return ok(seen);
  if (isLightweight(claims)) return skipped('the token is lightweight: it has no aud');
  if (reach.config.audience !== undefined && !wanted.some((one) => there.includes(one))) {
    return fail(
      seen,
      `this service wants one of '${wanted.join("', '")}' in aud (KEYCLOAK_AUDIENCE), and the token has none of them: every token is refused`,
      `${addAudience(clientId, wanted[0] as string)} (Included Custom Audience, where no client has that name). Or take KEYCLOAK_AUDIENCE out.`,
    );
  }
  // Only a warning: this service then asks userinfo, which the check login.userinfo examines.
  return warn(
    seen,
    `the client '${clientId}' is not in the token's aud: introspection calls such tokens inactive (Keycloak 26.6.2 and later), other services cannot tell that the token is for this API, and of a login without the scope openid Keycloak cannot be asked at all: such a token is good until it expires, whatever happens to its user`,
    `${addAudience(clientId, clientId)}\nOr: keycloak-guard setup (realm ${realm}) adds it.`,
    [],
  );
});
