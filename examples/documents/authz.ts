// The permissions in Keycloak, as a file of the command line: `keycloak-guard authz plan` compares it with Keycloak, `apply` and
// `setup` bring it there. The API imports nothing but its type.
import { defineAuthorization } from '@keycloak-guard/cli';

export default defineAuthorization({
  policyEnforcementMode: 'ENFORCING',
  // `view` and `edit` are those of documents, which their owners register while the API runs.
  scopes: ['create', 'administer', 'view', 'edit'],
  resources: [{ name: 'documents', scopes: ['create', 'administer'] }],
  policies: [
    { name: 'is member', type: 'role', roles: ['member'], fetchRoles: true },
    { name: 'is admin', type: 'role', roles: ['admin'], fetchRoles: true },
  ],
  permissions: [
    { name: 'members create', resources: ['documents'], scopes: ['create'], policies: ['is member'] },
    { name: 'admins administer', resources: ['documents'], scopes: ['administer'], policies: ['is admin'] },
  ],
});
