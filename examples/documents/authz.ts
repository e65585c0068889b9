// What Keycloak decides, as a file: `keycloak-guard authz plan` holds it against Keycloak, `apply` and `setup` bring it there.
import { defineAuthorization, type PermissionOf } from 'keycloak-guard/authz';

const authorization = defineAuthorization({
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
export default authorization;

// Guards name them by these: what is not in the file does not compile.
export const CREATE: PermissionOf<typeof authorization> = 'documents#create';
export const ADMINISTER: PermissionOf<typeof authorization> = 'documents#administer';
