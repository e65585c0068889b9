import { check, fail, ok, warn } from '../../check.ts';
import { audienceOf, decodeJwt } from '../../evidence/jwt.ts';
import { findNotBefore } from '../../evidence/not-before.ts';
import { addAudience } from '../client/say.ts';
import { isLightweight } from '../token/claims.ts';

/** Whether this service can learn what lightweight tokens leave out. */
export const loginLightweight = check('login.lightweight', ['login.password'], async ({ reach }) => {
  const claims = decodeJwt(await reach.login?.token())?.claims;
  if (claims === undefined || !isLightweight(claims)) return ok('the token holds its claims');
  const { clientId } = reach.caller;
  const off = `Clients > ${clientId} > Advanced > Always use lightweight access token OFF`;
  const what = 'access tokens are lightweight: they hold neither name nor roles';
  if ((await reach.login?.introspection())?.json?.active === true) {
    return warn(
      'lightweight',
      `${what}, and userinfo refuses them (Keycloak 26.6.2 and later); each new token costs this service an introspection`,
      off,
    );
  }
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat)) {
    return warn('lightweight', `${what}; the checks below say why Keycloak does not answer for them`, off);
  }
  if (audienceOf(claims).includes(clientId)) {
    return fail('lightweight', `${what}, and introspection calls them inactive`, off);
  }
  return fail(
    'lightweight, and nothing else can be asked',
    `${what}, no audience mapper names the client '${clientId}' to introspection, which so calls every one of them inactive (Keycloak 26.6.2 and later), and userinfo refuses them: this service answers 401 to each`,
    `${addAudience(clientId, clientId, 'token introspection')} (Add to lightweight access token is not needed). Or ${off}`,
    [],
  );
});
