import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { splitUris } from '../../../admin/index.ts';
import { call, toForm } from '../../../keycloak/call.ts';
import { toWords } from '../../../keycloak/page.ts';
import { nearnessOf } from '../../../settings/nearness.ts';
import { adminCheck, type Check, type Finding, fail, type Look, ok, skipped, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { noBrowserLogin, onPage } from '../client/say.ts';

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
      'Keycloak does not tell this service about logouts: a token stays good here until it is rechecked (RECHECK_SECONDS)',
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
  const said = 'Keycloak tells nobody about logouts: ';
  const issuer = String((await realm.discovery()).json?.issuer ?? caller.serverUrl);
  const [target, keycloak] = [new URL(url), new URL(caller.serverUrl)];
  if (
    [keycloak.origin, new URL(issuer).origin].includes(target.origin) &&
    !(await isReceiver(url, caller.timeoutMs))
  ) {
    return warn(url, `${said}the backchannel logout URL is Keycloak's own address, not this service's`, fix);
  }
  if (nearnessOf(target.hostname) === 'this-machine' && nearnessOf(keycloak.hostname) !== 'this-machine') {
    return warn(
      url,
      `${said}Keycloak runs on another machine or in a container (${keycloak.host}), and there '${target.hostname}' in the backchannel logout URL is Keycloak's own machine`,
      fix,
    );
  }
  // A receiver refuses this call, because it carries no logout token.
  const answer = await call(url, toForm({}), caller.timeoutMs);
  if (answer.status === 0) return ok(`${url} (nothing answers from here)`);
  if (answer.status === 404 || answer.status === 405 || (answer.status >= 300 && answer.status < 400)) {
    return warn(
      `${url}: ${toWords(answer)}`,
      `${said}at the backchannel logout URL is something, but nothing that takes logout tokens (HTTP ${answer.status})`,
      fix,
    );
  }
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
