// A realm of the embedded provider for these documents: people, the client of the API, and what authz.ts says.
import { toAuthorizationSettings } from '@keycloak-guard/testing';
import authorization from './authz.ts';

const person = (username: string, ...realmRoles: string[]) => ({
  ...{ username, enabled: true, firstName: username, lastName: 'Test', email: `${username}@example.com` },
  ...{ realmRoles, clientRoles: { documents: ['uma_protection'] } },
});

export const realm = {
  ...{ realm: 'documents', enabled: true, sslRequired: 'none', userManagedAccessAllowed: true },
  // In Keycloak: a part of the realm's default roles.
  roles: {
    realm: [{ name: 'member' }, { name: 'admin' }],
    client: { documents: [{ name: 'uma_protection' }] },
  },
  clients: [
    {
      ...{ clientId: 'documents', secret: 'for-tests-only', directAccessGrantsEnabled: true },
      ...{ serviceAccountsEnabled: true, authorizationServicesEnabled: true },
      authorizationSettings: toAuthorizationSettings(authorization),
      protocolMappers: [
        {
          ...{ name: 'audience', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
          config: { 'included.client.audience': 'documents', 'access.token.claim': 'true' },
        },
      ],
    },
  ],
  users: [person('alice', 'member'), person('bob', 'member'), person('carol', 'admin'), person('dave')],
};
