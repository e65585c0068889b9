import { type Check, ok, warn } from '../../check.ts';

export const issuerHostname: Check = {
  id: 'issuer.hostname',
  needs: ['issuer.discovery'],
  async run({ reach }) {
    const issuer = String((await reach.realm.discovery()).json?.issuer);
    const own = reach.calls.baseUrl;
    if (issuer === own) return ok('Keycloak names itself as it is called from here');
    const [theirs, ours] = [new URL(issuer), new URL(own)];
    const isOnlyScheme = theirs.protocol !== ours.protocol && theirs.host === ours.host;
    return warn(
      `issuer ${issuer}, called at ${own}`,
      isOnlyScheme
        ? 'Keycloak thinks that it is called with another scheme than it is'
        : `Keycloak's host name is pinned to ${theirs.origin}${theirs.pathname.replace(/\/realms\/.*$/, '')}: tokens say so whatever address this service uses. That works here, for the issuer is taken from Keycloak; other programs that expect their own address in 'iss' will refuse the tokens`,
      'If the pinned address is the public one, all is as it should be. Otherwise set KC_HOSTNAME (or Realm settings > General > Frontend URL) to the public URL of Keycloak; behind a proxy also KC_PROXY_HEADERS=xforwarded.',
    );
  },
};
