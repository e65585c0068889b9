// A realm of the embedded provider for these documents: people, the client of the API, and what authz.ts says.
import type { AuthorizationFile } from 'keycloak-guard/authz';
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
      authorizationSettings: toSettings(authorization),
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

/** As Keycloak exports it, in as much as this file says: role policies, and permissions about scopes. */
function toSettings(file: AuthorizationFile) {
  const texts = (lists: object) =>
    Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, JSON.stringify(list)]));
  const named = (one: unknown) => ({ name: String(one) });
  return {
    ...{
      policyEnforcementMode: 'ENFORCING',
      decisionStrategy: 'UNANIMOUS',
      allowRemoteResourceManagement: true,
    },
    scopes: (file.scopes ?? []).map(named),
    resources: (file.resources ?? []).map(({ name, scopes = [] }) => ({ name, scopes: scopes.map(named) })),
    policies: [
      ...(file.policies ?? []).map((one) => {
        const roles = 'roles' in one ? one.roles.map((role) => ({ id: role, required: false })) : [];
        return { name: one.name, type: one.type, config: { ...texts({ roles }), fetchRoles: 'true' } };
      }),
      ...(file.permissions ?? []).map(({ name, resources, scopes, policies }) => ({
        ...{ name, type: 'scope' },
        config: texts({ resources, scopes, applyPolicies: policies }),
      })),
    ],
  };
}
