import { splitUris } from '../../../../admin/index.ts';
import { type Check, fail, ok, skipped, warn } from '../../check.ts';
import { onPage } from '../client/say.ts';

export const clientTokenBinding: Check = {
  id: 'client.token-binding',
  needs: ['admin.login', 'client.known'],
  async run({ reach }) {
    const client = await reach.admin?.client();
    if (client === undefined) return skipped('no admin was given');
    if (String(client.attributes?.['tls.client.certificate.bound.access.tokens']) !== 'true')
      return ok('tokens are bearer tokens');
    return fail(
      'bound to TLS client certificates',
      'the client binds tokens to a TLS client certificate, which this service does not have',
      onPage(reach, 'Advanced > OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled OFF'),
    );
  },
};

export const clientLogout: Check = {
  id: 'client.backchannel-logout',
  needs: ['admin.login', 'client.known'],
  async run({ reach, options }) {
    const client = await reach.admin?.client();
    if (client === undefined) return skipped('no admin was given');
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
    return ok(url);
  },
};

export const clientLogoutUris: Check = {
  id: 'client.post-logout-uris',
  needs: ['admin.login', 'client.known'],
  async run({ reach, options }) {
    const client = await reach.admin?.client();
    if (client === undefined) return skipped('no admin was given');
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
  },
};
