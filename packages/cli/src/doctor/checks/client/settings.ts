import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { splitUris } from '../../../admin/index.ts';
import { call, toForm, toWords } from '../../../keycloak/call.ts';
import { networkZoneOf } from '../../../settings/address.ts';
import {
  adminCheck,
  type Check,
  check,
  diagnosed,
  type Finding,
  fail,
  kcadm,
  type Look,
  noBrowserLogin,
  noPasswordLogin,
  ok,
  onPage,
  refusalOf,
  skipped,
  warn,
} from '../../check.ts';
import type { Reach } from '../../context.ts';
import { findClientState } from '../../evidence/client.ts';

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
  if (state === 'bearer-only')
    return fail(
      toWords(await reach.client.passwordGrant()),
      `the client '${clientId}' is bearer-only: it may not log anybody in`,
      `${where}, Direct access grants ON\n${kcadm(reach, 'bearerOnly=false')}`,
      [],
    );
  if (state === 'public')
    return fail(
      toWords(await reach.client.introspection()),
      `the client '${clientId}' is public: its secret is ignored, and it may not introspect tokens`,
      `${where}, then copy the secret to KEYCLOAK_CLIENT_SECRET\n${kcadm(reach, 'publicClient=false')}`,
      ['--overwrite-env'],
    );
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
    if (/authentication method not allowed|not allowed for client/i.test(refusalOf(answer)))
      return fail(
        toWords(answer),
        `a client policy of the realm '${reach.caller.realm}' does not allow the client to authenticate with a secret`,
        'Realm settings > Client policies > Policies: take this client out of the conditions of the policy (FAPI or OAuth 2.1 profiles forbid secrets), or switch it off.',
      );
    return diagnosed(reach, answer);
  },
);

export const clientScopes = check('client.scopes', ['client.password-grant'], async ({ reach }) => {
  const answer = await reach.client.scopes();
  if (answer.json?.error !== 'invalid_scope')
    return answer.status === 0 || answer.status >= 500
      ? skipped(toWords(answer))
      : ok('openid profile email may be asked for');
  const refused = /invalid scopes?: (.*)/i.exec(refusalOf(answer))?.[1] ?? 'openid profile email';
  return fail(
    toWords(answer),
    `the client may not ask for the scopes 'openid profile email' (refused: ${refused})`,
    onPage(reach, "Client scopes > Add client scope: 'profile' and 'email' as Default"),
    [],
  );
});

/** A check of the client's settings. Those of browser logins are skipped if the client has none. */
const clientCheck = (id: string, isOfBrowser: boolean, look: Look<ClientRepresentation>): Check =>
  adminCheck(id, 'client.known', async (admin, context) => {
    const client = await admin.client();
    if (client === undefined) return skipped('the client is not there');
    return (isOfBrowser ? await noBrowserLogin(context.reach) : undefined) ?? look(client, context);
  });

const clientTokenBinding = clientCheck('client.token-binding', false, async (client, { reach }) => {
  if (String(client.attributes?.['tls.client.certificate.bound.access.tokens']) !== 'true')
    return ok('tokens are bearer tokens');
  return fail(
    'bound to TLS client certificates',
    'the client binds tokens to a TLS client certificate, which this service does not have',
    onPage(reach, 'Advanced > OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled OFF'),
  );
});

const clientLogout = clientCheck('client.backchannel-logout', true, async (client, { reach, options }) => {
  const url = String(client.attributes?.['backchannel.logout.url'] ?? '');
  const fix = onPage(
    reach,
    `Settings > Logout settings > Backchannel logout URL = ${options.appUrl}/backchannel-logout, as Keycloak reaches it (from a container not localhost)`,
  );
  if (url === '')
    return warn(
      'no backchannel logout URL',
      'Keycloak does not report logouts to this service: a token stays valid here until it is rechecked (RECHECK_SECONDS)',
      fix,
      [],
    );
  if (!/^https?:\/\//.test(url))
    return warn(url, 'the backchannel logout URL is no http or https URL', fix, [
      '--backchannel-url',
      `${options.appUrl}/backchannel-logout`,
    ]);
  return judgeLogoutUrl(url, fix, reach);
});

/** Keycloak calls the URL, not this machine. No answer here proves nothing; an answer proves a lot. */
async function judgeLogoutUrl(url: string, fix: string, { caller, realm }: Reach): Promise<Finding> {
  const said = 'Keycloak cannot report logouts: ';
  const issuer = String((await realm.discovery()).json?.issuer ?? caller.serverUrl);
  const [target, keycloak] = [new URL(url), new URL(caller.serverUrl)];
  if (
    [keycloak.origin, new URL(issuer).origin].includes(target.origin) &&
    !(await isReceiver(url, caller.timeoutMs))
  )
    return warn(url, `${said}the backchannel logout URL is Keycloak's own address, not this service's`, fix);
  if (
    networkZoneOf(target.hostname) === 'this-machine' &&
    networkZoneOf(keycloak.hostname) !== 'this-machine'
  )
    return warn(
      url,
      `${said}Keycloak runs on another machine or in a container (${keycloak.host}), and there '${target.hostname}' in the backchannel logout URL is Keycloak's own machine`,
      fix,
    );
  // A receiver refuses this call, because it carries no logout token.
  const answer = await call(url, toForm({}), caller.timeoutMs);
  if (answer.status === 0) return ok(`${url} (nothing answers from here)`);
  if (answer.status === 404 || answer.status === 405 || (answer.status >= 300 && answer.status < 400))
    return warn(
      `${url}: ${toWords(answer)}`,
      `${said}the program at the backchannel logout URL takes no logout tokens (HTTP ${answer.status})`,
      fix,
    );
  return ok(url);
}

/** Behind one proxy, the API can share Keycloak's origin and have its own path. */
async function isReceiver(url: string, timeoutMs: number): Promise<boolean> {
  const { status, json } = await call(url, toForm({}), timeoutMs);
  return status === 400 && json !== undefined;
}

const clientLogoutUris = clientCheck('client.post-logout-uris', true, async (client, { reach, options }) => {
  const list = splitUris(client.attributes?.['post.logout.redirect.uris']);
  if (list.length > 0 && !(list.length === 1 && list[0] === '-')) return ok(list.join(', '));
  return warn(
    'none',
    'a browser logout cannot come back to the API: no post logout redirect URI is registered',
    onPage(
      reach,
      `Settings > Access settings > Valid post logout redirect URIs: add ${options.appUrl}/* (or +)`,
    ),
    [],
  );
});

export const CLIENT_SETTINGS_CHECKS = [clientTokenBinding, clientLogout, clientLogoutUris];
