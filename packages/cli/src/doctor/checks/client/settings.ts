import { toWords } from '../../../keycloak/page.ts';
import { check, fail, ok, skipped } from '../../check.ts';
import { findClientState } from '../../evidence/client.ts';
import { kcadm } from '../../kcadm.ts';
import { diagnosed, noPasswordLogin, onPage, refusalOf } from './say.ts';

export const clientEnabled = check('client.enabled', ['client.known'], async ({ reach }) => {
  if ((await findClientState(reach.client)) !== 'disabled') return ok('on');
  return fail(
    `login page: ${(await reach.client.authorization()).words.slice(0, 100)}`,
    `the client '${reach.caller.clientId}' is disabled`,
    `${onPage(reach, 'Enabled (top right) ON')}\n${kcadm(reach, 'enabled=true')}`,
    ['--enable'],
  );
});

export const clientType = check('client.type', ['client.secret'], async ({ reach }) => {
  const state = await findClientState(reach.client);
  const { clientId } = reach.caller;
  const where = onPage(reach, 'Settings > Capability config > Client authentication ON');
  if (state === 'bearer-only') {
    return fail(
      toWords(await reach.client.passwordGrant()),
      `the client '${clientId}' is bearer-only: it may not log anybody in`,
      `${where}, Direct access grants ON\n${kcadm(reach, 'bearerOnly=false')}`,
      [],
    );
  }
  if (state === 'public') {
    return fail(
      toWords(await reach.client.introspection()),
      `the client '${clientId}' is public: its secret is ignored, and it may not introspect tokens`,
      `${where}, then copy the secret to KEYCLOAK_CLIENT_SECRET\n${kcadm(reach, 'publicClient=false')}`,
      ['--overwrite-env'],
    );
  }
  return ok('confidential');
});

export const clientDirectGrants = check(
  'client.direct-grants',
  ['client.enabled', 'client.authenticator', 'client.secret'],
  async ({ reach }) => {
    const grant = await reach.client.passwordGrant();
    if (!/not allowed for direct access grants/i.test(refusalOf(grant))) return ok('on');
    const other = await noPasswordLogin(reach);
    if (other !== undefined) return other;
    return fail(
      toWords(grant),
      `direct access grants are off: the client '${reach.caller.clientId}' may not log users in with a password`,
      `${onPage(reach, 'Settings > Capability config > Direct access grants ON')}\n${kcadm(reach, 'directAccessGrantsEnabled=true')}`,
      [],
    );
  },
);

export const clientConsent = check('client.consent', ['client.direct-grants'], async ({ reach }) => {
  const grant = await reach.client.passwordGrant();
  if (!/requires user consent/i.test(refusalOf(grant))) return ok('not required');
  return fail(
    toWords(grant),
    `the client '${reach.caller.clientId}' asks users for consent, which a password login cannot do`,
    `${onPage(reach, 'Settings > Login settings > Consent required OFF')}\n${kcadm(reach, 'consentRequired=false')}`,
  );
});

export const clientDpop = check('client.dpop', ['client.direct-grants'], async ({ reach }) => {
  const grant = await reach.client.passwordGrant();
  if (!/dpop/i.test(refusalOf(grant))) return ok('not required');
  return fail(
    toWords(grant),
    `the client '${reach.caller.clientId}' requires DPoP proofs, and POST /login sends none`,
    `${onPage(reach, 'Settings > Capability config > Require DPoP bound tokens OFF')}\n${kcadm(reach, 'attributes."dpop.bound.access.tokens"=false')}`,
  );
});

export const clientIntrospection = check(
  'client.introspection',
  ['client.secret', 'client.type'],
  async ({ reach }) => {
    const answer = await reach.client.introspection();
    if (answer.status === 200 && answer.json?.active === false) return ok('the client may introspect');
    const grant = await reach.client.passwordGrant();
    // Another check has already reported the same problem.
    if (refusalOf(grant) === refusalOf(answer)) return skipped('the same answer as to the password grant');
    if (/authentication method not allowed|not allowed for client/i.test(refusalOf(answer))) {
      return fail(
        toWords(answer),
        `a client policy of the realm '${reach.caller.realm}' does not allow the client to authenticate with a secret`,
        'Realm settings > Client policies > Policies: take this client out of the conditions of the policy (FAPI or OAuth 2.1 profiles forbid secrets), or switch it off.',
      );
    }
    return diagnosed(reach, answer);
  },
);

export const clientScopes = check('client.scopes', ['client.password-grant'], async ({ reach }) => {
  const answer = await reach.client.scopes();
  if (answer.json?.error !== 'invalid_scope') {
    return answer.status === 0 || answer.status >= 500
      ? skipped(toWords(answer))
      : ok('openid profile email may be asked for');
  }
  const refused = /invalid scopes?: (.*)/i.exec(refusalOf(answer))?.[1] ?? 'openid profile email';
  return fail(
    toWords(answer),
    `the client may not ask for the scopes 'openid profile email' (refused: ${refused})`,
    onPage(reach, "Client scopes > Add client scope: 'profile' and 'email' as Default"),
    [],
  );
});
