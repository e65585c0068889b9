import type { Check } from '../../check.ts';
import { authzEnabled, authzProtection } from './access.ts';
import { authzEnforcer, authzFile } from './documents.ts';
import { authzPartGranted, authzRoles } from './grants.ts';
import { authzDefaultPermission, authzEnforcement, authzStale } from './openness.ts';

/** Checks of Keycloak's authorization services. */
export const AUTHZ_CHECKS: readonly Check[] = [
  authzEnabled,
  authzProtection,
  authzEnforcement,
  authzDefaultPermission,
  authzStale,
  authzFile,
  authzEnforcer,
  authzPartGranted,
  authzRoles,
];
