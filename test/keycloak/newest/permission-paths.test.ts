import { definePathsContract } from '../../contract/permissions/paths.ts';
import { createAuthzRealm } from '../support/authz-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

definePathsContract({ name: `Keycloak ${keycloak.version}`, open: () => createAuthzRealm(keycloak) });
