import { serviceAttacks } from '../../attacks/service-attacks.ts';
import { CLIENT, PASSWORD, requestTokens } from '../../contract/guide/provider.ts';
import { issueAdminToken, requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

/** What Keycloak itself gives out, to whoever logs in, that is no access token for this API. */
async function collectTokens() {
  const { id_token: idToken, refresh_token: refreshToken } = await requestTokens(
    keycloak.url,
    keycloak.realm,
    {
      username: 'abdullah',
      password: PASSWORD,
      scope: 'openid',
    },
  );
  const { refresh_token: offlineToken } = await requestTokens(keycloak.url, keycloak.realm, {
    username: 'abdullah',
    password: PASSWORD,
    scope: 'openid offline_access',
  });
  return [
    { name: 'an ID token', token: idToken as string, codes: ['token_type'] as const },
    { name: 'a refresh token', token: refreshToken as string, codes: ['token_algorithm'] as const },
    { name: 'an offline token', token: offlineToken as string, codes: ['token_algorithm'] as const },
    {
      name: 'an access token of another realm',
      token: await issueAdminToken(keycloak),
      codes: ['token_key_unknown'] as const,
    },
    {
      name: 'the id and secret of the client',
      lines: [`Authorization: Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`],
      codes: ['unsupported_scheme'] as const,
    },
  ];
}

serviceAttacks(`Keycloak ${keycloak.version}`, async () => ({
  url: keycloak.url,
  realm: keycloak.realm,
  forgeries: collectTokens,
  close: async () => {},
}));
