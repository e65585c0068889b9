import { AuthError, createVerifier, type Principal } from 'keycloak-guard';
import { check, type Finding, fail, ok } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { explainRefusal } from './explain.ts';

/** Verifies a token as this service does. */
export async function judgeToken(
  token: string,
  reach: Reach,
  toWords: (principal: Principal) => string,
): Promise<Finding> {
  const { serverUrl, realm, clientId } = reach.caller;
  const { issuer, audience, clockToleranceSeconds, timeoutMs } = reach.config;
  const where = { serverUrl, realm, clientId, issuer, audience };
  const verifier = createVerifier({ ...where, clockToleranceSeconds, timeoutMs, tokenCheck: 'local' });
  try {
    return ok(toWords(await verifier.verify(token)));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const { seen, cause, fix } = await explainRefusal(error, decodeJwt(token), reach);
    return fail(seen, cause, fix);
  } finally {
    await verifier.close();
  }
}

/** Whether this service would accept the piped token, by its signature and claims. */
export const tokenAccepted = check(
  'token.accepted',
  ['token.content', 'keys.signing', 'issuer.discovery'],
  ({ reach, token = '' }) =>
    judgeToken(token, reach, ({ username, subject }) => {
      const who = username ?? subject ?? 'its bearer';
      return `signature and claims are good: this service would accept it for ${who}`;
    }),
);
