const grants = (resource: string, role: string) => [
  { name: `is ${role}`, type: 'role', config: { roles: JSON.stringify([{ id: role, required: true }]) } },
  {
    ...{ name: `${role} sees ${resource}`, type: 'scope' },
    config: { resources: `["${resource}"]`, scopes: '["view"]', applyPolicies: `["is ${role}"]` },
  },
];
const person = (username: string, role: string) => ({
  ...{ username, enabled: true, firstName: 'A', lastName: 'B', email: `${username}@example.com` },
  realmRoles: [role],
});

/** alice may see reports, which is what `/admin` shows; bob orders. */
export const NEXT_REALM = {
  realm: 'shop',
  roles: { realm: [{ name: 'auditor' }, { name: 'clerk' }] },
  clients: [
    {
      ...{ clientId: 'my-api', secret: 'for-tests', serviceAccountsEnabled: true },
      ...{ directAccessGrantsEnabled: true, authorizationServicesEnabled: true },
      authorizationSettings: {
        resources: ['reports', 'orders'].map((name) => ({ name, scopes: [{ name: 'view' }] })),
        policies: [...grants('reports', 'auditor'), ...grants('orders', 'clerk')],
      },
      protocolMappers: [
        {
          ...{ name: 'audience', protocolMapper: 'oidc-audience-mapper' },
          config: { 'included.client.audience': 'my-api', 'access.token.claim': 'true' },
        },
      ],
    },
  ],
  users: [person('alice', 'auditor'), person('bob', 'clerk')],
};
