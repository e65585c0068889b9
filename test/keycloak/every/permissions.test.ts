import { definePermissionsContract } from '../../contract/permissions/suite.ts';
import { createAuthzRealm } from '../support/authz-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const [major = 0, minor = 0] = keycloak.version.split('.').map(Number);

definePermissionsContract({
  name: `Keycloak ${keycloak.version}`,
  isFrom: (wanted, wantedMinor) => major > wanted || (major === wanted && minor >= wantedMinor),
  open: () => createAuthzRealm(keycloak),
});
