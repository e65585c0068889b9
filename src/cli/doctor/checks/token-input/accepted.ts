import { AuthError, createVerifier } from '../../../../core/index.ts';
import { type Check, fail, ok, warn } from '../../check.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { toWords } from '../../evidence/page.ts';
import { explainRefusal } from './explain.ts';
import { toVerifierOptions } from './verifier-options.ts';

/** Whether this service would accept the token that was piped in, by its signature and claims. */
export const tokenAccepted: Check = {
  id: 'token.accepted',
  needs: ['token.content', 'keys.signing', 'issuer.discovery'],
  async run({ reach, token = '' }) {
    const verifier = createVerifier(toVerifierOptions(reach));
    try {
      const principal = await verifier.verify(token);
      return ok(
        `signature and claims are good: this service would accept it for ${principal.username ?? principal.subject ?? 'its bearer'}`,
      );
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const { seen, cause, fix } = explainRefusal(error, decodeJwt(token), reach);
      return fail(seen, cause, fix);
    } finally {
      await verifier.close();
    }
  },
};

/** Whether Keycloak still stands by it. */
export const tokenSession: Check = {
  id: 'token.session',
  needs: ['token.accepted'],
  async run({ reach, token = '' }) {
    const introspection = await reach.calls.introspect(token);
    if (introspection.json?.active === true) return ok('introspection says active');
    const userinfo = await reach.calls.userinfo(token);
    if (userinfo.status === 200) {
      return warn(
        'userinfo accepts it, introspection does not',
        `introspection of the token by '${reach.caller.clientId}' gives ${toWords(introspection)}: the client is not in its aud, or may not introspect`,
        `Clients > the client > Client scopes > its dedicated scope > Add mapper > Audience: Included Client Audience = ${reach.caller.clientId}`,
        [],
      );
    }
    const words = toWords(userinfo);
    const reasons: [RegExp, string, string][] = [
      [
        /user_session_not_found|session/i,
        'the session of the token is over (logout, an admin, or the user was deleted)',
        'Log in again.',
      ],
      [
        /user disabled/i,
        'the user of the token is disabled',
        'Users > the user > Enabled ON, then log in again.',
      ],
      [/client disabled/i, 'the client of the token is disabled', 'Clients > the client > Enabled ON'],
      [
        /openid scope/i,
        "Keycloak cannot be asked about the token: it has no scope 'openid', and this client is not in its aud",
        'Ask for scope=openid at login, or add an Audience mapper for this client.',
      ],
      [
        /lightweight/i,
        'Keycloak cannot be asked about the token: it is lightweight, and this client is not in its aud',
        'Add an Audience mapper for this client, or switch lightweight access tokens off.',
      ],
    ];
    const known = reasons.find(([pattern]) => pattern.test(words));
    if (known !== undefined) return fail(words, known[1], known[2]);
    return fail(
      words,
      'Keycloak no longer stands by the token: it was revoked, or a not-before lies after it',
      'Log in again. If a fresh token is refused too, run the doctor with --user and an admin.',
    );
  },
};
